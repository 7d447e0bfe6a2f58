import type { Attachment } from "@bothways/client";
import { useState } from "react";
import { Icon } from "../parts/icon";
import { platformName } from "../parts/platform-badge";
import { fileSize } from "./file-size";
import classes from "./message.module.css";

const WHY: Partial<Record<Attachment["state"], string>> = {
  processing: "not ready yet",
  gone: "no longer there",
};

/** A file of a message: its small picture if it has one, and a way to have it. */
export function File({ file, platform }: { file: Attachment; platform: string }) {
  const why = WHY[file.state];
  const title = `${file.media_type}, at ${platformName(platform)}`;
  const words = (
    <>
      <Icon name="file" size={16} />
      <span className={classes.fileName}>{file.name}</span>
      {file.size_bytes != null && <span>{fileSize(file.size_bytes)}</span>}
      {why && <span>{why}</span>}
    </>
  );
  if (file.state === "gone") {
    return (
      <div className={classes.file} title={title}>
        {words}
      </div>
    );
  }
  const address = `/v1/attachments/${file.id}`;
  const elsewhere = file.state === "elsewhere";
  const target = elsewhere ? { target: "_blank", rel: "noreferrer" } : { download: file.name };
  return (
    <a
      className={classes.file}
      title={title}
      href={elsewhere ? (file.link ?? undefined) : address}
      {...target}
    >
      {file.preview && <Thumbnail address={`${address}?preview=true`} name={file.name} />}
      {words}
    </a>
  );
}

function Thumbnail({ address, name }: { address: string; name: string }) {
  const [failed, setFailed] = useState(false);
  if (failed) return null;
  return (
    <img
      className={classes.thumbnail}
      src={address}
      alt={`A small picture of ${name}`}
      loading="lazy"
      onError={() => setFailed(true)}
    />
  );
}
