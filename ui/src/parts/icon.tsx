const paths = {
  arrowDown: "M12 5v14m-6-6 6 6 6-6",
  back: "M19 12H5m6-6-6 6 6 6",
  bothways: "M5 9h13l-4-4m5 10H6l4 4",
  check: "m5 13 4 4L19 7",
  clock: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3 2",
  close: "M6 6l12 12M18 6 6 18",
  compare: "M20 11a8 8 0 0 0-14-4L4 9m0-5v5h5m-5 4a8 8 0 0 0 14 4l2-2m0 5v-5h-5",
  connections: "M9 15l6-6m-4-3 1-1a4 4 0 0 1 7 7l-2 1m-4 5-1 1a4 4 0 0 1-7-7l2-1",
  edit: "M4 20h4L19 9a2.8 2.8 0 0 0-4-4L4 16z",
  file: "M13 3v6h6M7 3h7l5 6v11a1 1 0 0 1-1 1H7a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1z",
  forward: "m14 8 5 5-5 5m5-5H9a5 5 0 0 1-5-5V5",
  import: "M12 4v11m-5-5 5 5 5-5M4 20h16",
  inbox: "M4 13h4l2 3h4l2-3h4M5 5h14l2 8v5a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1v-5z",
  mail: "M4 6h16v12H4zM4 7l8 6 8-6",
  menu: "M4 7h16M4 12h16M4 17h16",
  moon: "M20 14A8 8 0 1 1 10 4a6.5 6.5 0 0 0 10 10z",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  plus: "M12 5v14M5 12h14",
  reply: "M10 8 5 13l5 5m-5-5h10a5 5 0 0 0 5-5V5",
  replyAll: "M12 8 7 13l5 5M7 8l-5 5 5 5m0-5h9a5 5 0 0 0 5-5V5",
  retry: "M20 11a8 8 0 1 0-2 6m2-12v6h-6",
  search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.5 15.5 21 21",
  send: "M4 12 20 4l-5 16-4-7zM11 13l9-9",
  signOut: "M14 5H6v14h8m-4-7h11m-4-4 4 4-4 4",
  smile: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM9 10h.01M15 10h.01M8.5 14.5a4.5 4.5 0 0 0 7 0",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 3v1m0 16v1m9-9h-1M4 12H3m15.4-6.4-.7.7M6.3 17.7l-.7.7m12.8 0-.7-.7M6.3 6.3l-.7-.7",
  trash: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5m4-5v5",
  warning: "M12 4 2.5 20h19zM12 10v4m0 3h.01",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg
      aria-hidden
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={1.9}
      strokeLinecap="round"
      strokeLinejoin="round"
    >
      <path d={paths[name]} />
    </svg>
  );
}
