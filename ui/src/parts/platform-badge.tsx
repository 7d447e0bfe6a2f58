import { Box } from "@mantine/core";

const colors: Record<string, string> = {
  slack: "#611f69",
  gmail: "#c5221f",
  teams: "#4b53bc",
  whatsapp: "#128c7e",
  messenger: "#0866ff",
  instagram: "#c13584",
};

/** Which platform a thing comes from, as a letter on the platform's colour. */
export function PlatformBadge({ platform, size = 18 }: { platform: string; size?: number }) {
  return (
    <Box
      component="span"
      title={platformName(platform)}
      style={{
        display: "inline-grid",
        placeItems: "center",
        flex: "none",
        width: size,
        height: size,
        borderRadius: size / 3.6,
        background: colors[platform] ?? "#495057",
        color: "#fff",
        fontSize: size * 0.62,
        fontWeight: 700,
        lineHeight: 1,
      }}
    >
      {platform.charAt(0).toUpperCase()}
    </Box>
  );
}

const names: Record<string, string> = { whatsapp: "WhatsApp", teams: "Microsoft Teams" };

export function platformName(platform: string): string {
  return names[platform] ?? platform.charAt(0).toUpperCase() + platform.slice(1);
}
