//! Emoji as Slack names them: one canonical name for each, and the other names it goes by.

/// Canonical name, character, other names.
const EMOJI: &[(&str, &str, &[&str])] = &[
    ("+1", "👍", &["thumbsup"]),
    ("-1", "👎", &["thumbsdown"]),
    ("heart", "❤️", &[]),
    ("joy", "😂", &[]),
    ("smile", "😄", &[]),
    ("smiley", "😃", &[]),
    ("grinning", "😀", &[]),
    ("grin", "😁", &[]),
    ("laughing", "😆", &["satisfied"]),
    ("sweat_smile", "😅", &[]),
    ("rolling_on_the_floor_laughing", "🤣", &["rofl"]),
    ("slightly_smiling_face", "🙂", &[]),
    ("upside_down_face", "🙃", &[]),
    ("wink", "😉", &[]),
    ("blush", "😊", &[]),
    ("innocent", "😇", &[]),
    ("heart_eyes", "😍", &[]),
    ("kissing_heart", "😘", &[]),
    ("yum", "😋", &[]),
    ("stuck_out_tongue", "😛", &[]),
    ("thinking_face", "🤔", &["thinking"]),
    ("neutral_face", "😐", &[]),
    ("expressionless", "😑", &[]),
    ("face_with_rolling_eyes", "🙄", &[]),
    ("smirk", "😏", &[]),
    ("relieved", "😌", &[]),
    ("pensive", "😔", &[]),
    ("sleeping", "😴", &[]),
    ("mask", "😷", &[]),
    ("sunglasses", "😎", &[]),
    ("nerd_face", "🤓", &[]),
    ("confused", "😕", &[]),
    ("worried", "😟", &[]),
    ("open_mouth", "😮", &[]),
    ("astonished", "😲", &[]),
    ("flushed", "😳", &[]),
    ("cry", "😢", &[]),
    ("sob", "😭", &[]),
    ("scream", "😱", &[]),
    ("sweat", "😓", &[]),
    ("weary", "😩", &[]),
    ("angry", "😠", &[]),
    ("rage", "😡", &[]),
    ("exploding_head", "🤯", &["shocked_face_with_exploding_head"]),
    ("partying_face", "🥳", &[]),
    ("hugging_face", "🤗", &["hugs"]),
    ("skull", "💀", &[]),
    ("ghost", "👻", &[]),
    ("robot_face", "🤖", &[]),
    ("hankey", "💩", &["poop", "shit"]),
    ("wave", "👋", &[]),
    ("ok_hand", "👌", &[]),
    ("v", "✌️", &[]),
    ("crossed_fingers", "🤞", &["hand_with_index_and_middle_fingers_crossed"]),
    ("point_up", "☝️", &[]),
    ("point_down", "👇", &[]),
    ("point_right", "👉", &[]),
    ("point_left", "👈", &[]),
    ("raised_hand", "✋", &["hand"]),
    ("fist", "✊", &[]),
    ("facepunch", "👊", &["punch"]),
    ("clap", "👏", &[]),
    ("raised_hands", "🙌", &[]),
    ("pray", "🙏", &[]),
    ("muscle", "💪", &[]),
    ("handshake", "🤝", &[]),
    ("writing_hand", "✍️", &[]),
    ("shrug", "🤷", &[]),
    ("face_palm", "🤦", &[]),
    ("eyes", "👀", &[]),
    ("brain", "🧠", &[]),
    ("broken_heart", "💔", &[]),
    ("orange_heart", "🧡", &[]),
    ("yellow_heart", "💛", &[]),
    ("green_heart", "💚", &[]),
    ("blue_heart", "💙", &[]),
    ("purple_heart", "💜", &[]),
    ("black_heart", "🖤", &[]),
    ("sparkling_heart", "💖", &[]),
    ("100", "💯", &[]),
    ("fire", "🔥", &[]),
    ("sparkles", "✨", &[]),
    ("star", "⭐", &[]),
    ("star2", "🌟", &[]),
    ("boom", "💥", &["collision"]),
    ("zap", "⚡", &[]),
    ("tada", "🎉", &[]),
    ("confetti_ball", "🎊", &[]),
    ("balloon", "🎈", &[]),
    ("gift", "🎁", &[]),
    ("birthday", "🎂", &[]),
    ("cake", "🍰", &[]),
    ("coffee", "☕", &[]),
    ("tea", "🍵", &[]),
    ("beer", "🍺", &[]),
    ("beers", "🍻", &[]),
    ("pizza", "🍕", &[]),
    ("taco", "🌮", &[]),
    ("rocket", "🚀", &[]),
    ("ship", "🚢", &[]),
    ("car", "🚗", &["red_car"]),
    ("airplane", "✈️", &[]),
    ("sunny", "☀️", &[]),
    ("rainbow", "🌈", &[]),
    ("snowflake", "❄️", &[]),
    ("ocean", "🌊", &[]),
    ("earth_africa", "🌍", &[]),
    ("seedling", "🌱", &[]),
    ("rose", "🌹", &[]),
    ("sunflower", "🌻", &[]),
    ("dog", "🐶", &[]),
    ("cat", "🐱", &[]),
    ("crab", "🦀", &[]),
    ("bug", "🐛", &[]),
    ("snail", "🐌", &[]),
    ("unicorn_face", "🦄", &[]),
    ("see_no_evil", "🙈", &[]),
    ("white_check_mark", "✅", &[]),
    ("heavy_check_mark", "✔️", &[]),
    ("ballot_box_with_check", "☑️", &[]),
    ("x", "❌", &[]),
    ("heavy_plus_sign", "➕", &[]),
    ("heavy_minus_sign", "➖", &[]),
    ("question", "❓", &[]),
    ("exclamation", "❗", &["heavy_exclamation_mark"]),
    ("bangbang", "‼️", &[]),
    ("warning", "⚠️", &[]),
    ("no_entry", "⛔", &[]),
    ("no_entry_sign", "🚫", &[]),
    ("recycle", "♻️", &[]),
    ("red_circle", "🔴", &[]),
    ("large_green_circle", "🟢", &[]),
    ("large_yellow_circle", "🟡", &[]),
    ("large_blue_circle", "🔵", &[]),
    ("arrow_up", "⬆️", &[]),
    ("arrow_down", "⬇️", &[]),
    ("arrow_right", "➡️", &[]),
    ("bulb", "💡", &[]),
    ("bell", "🔔", &[]),
    ("mega", "📣", &[]),
    ("loudspeaker", "📢", &[]),
    ("speech_balloon", "💬", &[]),
    ("email", "✉️", &["envelope"]),
    ("phone", "☎️", &["telephone"]),
    ("calendar", "📆", &[]),
    ("date", "📅", &[]),
    ("memo", "📝", &["pencil"]),
    ("pushpin", "📌", &[]),
    ("paperclip", "📎", &[]),
    ("link", "🔗", &[]),
    ("lock", "🔒", &[]),
    ("unlock", "🔓", &[]),
    ("key", "🔑", &[]),
    ("mag", "🔍", &[]),
    ("hammer", "🔨", &[]),
    ("wrench", "🔧", &[]),
    ("gear", "⚙️", &[]),
    ("package", "📦", &[]),
    ("computer", "💻", &[]),
    ("chart_with_upwards_trend", "📈", &[]),
    ("bar_chart", "📊", &[]),
    ("moneybag", "💰", &[]),
    ("trophy", "🏆", &[]),
    ("dart", "🎯", &[]),
    ("soccer", "⚽", &[]),
    ("musical_note", "🎵", &[]),
    ("art", "🎨", &[]),
    ("hourglass", "⌛", &[]),
    ("alarm_clock", "⏰", &[]),
    ("house", "🏠", &[]),
    ("office", "🏢", &[]),
    ("checkered_flag", "🏁", &[]),
    ("triangular_flag_on_post", "🚩", &[]),
    ("flag-de", "🇩🇪", &["de"]),
    ("flag-br", "🇧🇷", &[]),
    ("flag-jp", "🇯🇵", &["jp"]),
    ("flag-us", "🇺🇸", &["us"]),
];

const TONES: [char; 5] = ['\u{1f3fb}', '\u{1f3fc}', '\u{1f3fd}', '\u{1f3fe}', '\u{1f3ff}'];

/// The one name that Slack reports for this name, with its skin tone; `None` if nobody knows it.
pub fn canonical(name: &str) -> Option<String> {
    let (base, tone) = match name.split_once("::") {
        Some((base, tone)) => {
            let number = tone.strip_prefix("skin-tone-")?;
            (base, matches!(number, "2" | "3" | "4" | "5" | "6").then_some(Some(tone))?)
        }
        None => (name, None),
    };
    let (found, _, _) = EMOJI.iter().find(|(known, _, others)| *known == base || others.contains(&base))?;
    Some(match tone {
        Some(tone) => format!("{found}::{tone}"),
        None => (*found).to_owned(),
    })
}

/// The character for a canonical or other name, without skin tone.
pub fn character(name: &str) -> Option<&'static str> {
    EMOJI.iter().find(|(known, _, others)| *known == name || others.contains(&name)).map(|entry| entry.1)
}

/// The emoji that `text` begins with: its `:name:` and how many bytes it took.
pub fn at_start(text: &str) -> Option<(String, usize)> {
    if text.as_bytes().first().is_none_or(u8::is_ascii) {
        return None;
    }
    let (name, length) = EMOJI
        .iter()
        .filter_map(|(name, character, _)| {
            let bare = character.trim_end_matches('\u{fe0f}');
            let length = if text.starts_with(character) { character.len() } else { bare.len() };
            text.starts_with(bare).then_some((*name, length))
        })
        .max_by_key(|(_, length)| *length)?;
    let tone = text[length..].chars().next().and_then(|next| TONES.iter().position(|tone| *tone == next));
    Some(match tone {
        Some(tone) => (format!(":{name}::skin-tone-{}:", tone + 2), length + TONES[tone].len_utf8()),
        None => (format!(":{name}:"), length),
    })
}

/// The code points of an emoji as Slack's `rich_text` writes them: `1f44d`, `1f1e9-1f1ea`.
pub fn code_points(character: &str) -> String {
    let points: Vec<String> = character.chars().map(|point| format!("{:x}", u32::from(point))).collect();
    points.join("-")
}
