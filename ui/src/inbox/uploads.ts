/**
 * Files on their way to the server, before their message is sent. Each has its progress, and its error if
 * it could not be taken.
 */
import { idempotencyKey, type Abilities, type Attachment } from "@bothways/client";
import { useCallback, useState } from "react";
import { fileSize } from "./file-size";

export type Upload = {
  key: string;
  name: string;
  size: number;
  /** Between 0 and 1. */
  progress: number;
  /** The server's id, once it has the whole file. */
  id?: string;
  error?: string;
};

/** Why a file cannot be sent here, if so. */
export function refusal(file: { size: number }, count: number, abilities: Abilities): string | undefined {
  const { largest_file_bytes: largest = 0, most_files: most = 0 } = abilities;
  if (file.size === 0) return "This file is empty.";
  if (file.size > largest) return `Larger than ${fileSize(largest)}.`;
  if (count >= most) return `At most ${most} files go with one message.`;
  return undefined;
}

export function useUploads(abilities: Abilities) {
  const [uploads, setUploads] = useState<readonly Upload[]>([]);
  const change = useCallback((key: string, fields: Partial<Upload>) => {
    setUploads((all) => all.map((one) => (one.key === key ? { ...one, ...fields } : one)));
  }, []);
  const add = (files: Iterable<File>) => {
    let count = uploads.length;
    for (const file of files) {
      const error = refusal(file, count, abilities);
      const upload: Upload = { key: idempotencyKey(), name: file.name, size: file.size, progress: 0 };
      setUploads((all) => [...all, { ...upload, ...(error && { error }) }]);
      count += 1;
      if (error) continue;
      send(file, (progress) => change(upload.key, { progress })).then(
        ({ id }) => change(upload.key, { id, progress: 1 }),
        (failure: Error) => change(upload.key, { error: failure.message }),
      );
    }
  };
  return {
    uploads,
    add,
    drop: (key: string) => setUploads((all) => all.filter((one) => one.key !== key)),
    /** Takes those that are here whole, to send them. */
    take: () => {
      setUploads([]);
      return uploads;
    },
    giveBack: (taken: readonly Upload[]) => setUploads((all) => [...taken, ...all]),
  };
}

/** `fetch` tells nothing of how far an upload has come. */
function send(file: File, onProgress: (progress: number) => void): Promise<Attachment> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/v1/attachments?name=${encodeURIComponent(file.name)}`);
    request.setRequestHeader("Bothways-Page", "1");
    request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => onProgress(total ? loaded / total : 0);
    request.onload = () => {
      const answer = request.response as (Attachment & { detail?: string }) | null;
      if (request.status === 201 && answer) resolve(answer);
      else reject(new Error(answer?.detail ?? `The server answered ${request.status}.`));
    };
    request.onerror = () => reject(new Error("The upload broke off."));
    request.send(file);
  });
}
