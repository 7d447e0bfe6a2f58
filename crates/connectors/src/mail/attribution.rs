//! Lines by which mail programs of many languages begin what they quote, sign, or forward.

/// The longest attribution, in bytes.
const LONGEST_ATTRIBUTION_BYTES: usize = 500;
/// The longest line that begins a mail that is handed on and does not stand between dashes, in bytes.
const LONGEST_FORWARDED_BYTES: usize = 60;

/// Words that say that somebody wrote what follows.
const WROTE: [&str; 39] = [
    "wrote",
    "schrieb",
    "a écrit",
    "escribió",
    "escribio",
    "escreveu",
    "ha scritto",
    "schreef",
    "skrev",
    "kirjoitti",
    "napisał",
    "pisze",
    "napsal",
    "napísal",
    "написал",
    "пишет",
    "написав",
    "пише",
    "написа",
    "yazdı",
    "写道",
    "寫道",
    "书写",
    "のメール",
    "書きました",
    "님이 작성",
    "ezt írta",
    "a scris",
    "έγραψε",
    "כתב",
    "كتب",
    "đã viết",
    "menulis",
    "va escriure",
    "je napisao",
    "rašė",
    "kirjutas",
    "rakstīja",
    "skrifaði",
];
/// What stands between dashes before the mail that is answered.
const ORIGINAL: [&str; 16] = [
    "original message",
    "original appointment",
    "ursprüngliche nachricht",
    "message d'origine",
    "message original",
    "mensaje original",
    "mensagem original",
    "messaggio originale",
    "oorspronkelijk bericht",
    "originalmeddelande",
    "oprindelig meddelelse",
    "opprinnelig melding",
    "wiadomość oryginalna",
    "исходное сообщение",
    "原始邮件",
    "원본 메시지",
];
/// What stands between dashes, or alone, before a mail that is handed on.
const FORWARDED: [&str; 19] = [
    "forwarded message",
    "weitergeleitete nachricht",
    "weitergeleiteten nachricht",
    "message transféré",
    "message réexpédié",
    "mensaje reenviado",
    "mensagem encaminhada",
    "mensagem reencaminhada",
    "messaggio inoltrato",
    "doorgestuurd bericht",
    "vidarebefordrat",
    "videresendt",
    "wiadomość przekazana",
    "przekazana wiadomość",
    "пересылаемое сообщение",
    "转发的邮件",
    "轉寄郵件",
    "転送されたメッセージ",
    "전달된 메시지",
];
/// The names of the fields that are repeated above a quoted mail: who wrote it,
const FROM: [&str; 15] = [
    "from",
    "von",
    "de",
    "da",
    "van",
    "från",
    "fra",
    "od",
    "от",
    "від",
    "lähettäjä",
    "kimden",
    "发件人",
    "差出人",
    "보낸 사람",
];
/// when, or to whom,
const SENT: [&str; 34] = [
    "sent",
    "date",
    "gesendet",
    "datum",
    "envoyé",
    "date d'envoi",
    "enviado",
    "enviado el",
    "fecha",
    "data",
    "inviato",
    "verzonden",
    "skickat",
    "sendt",
    "wysłano",
    "odesláno",
    "отправлено",
    "дата",
    "lähetetty",
    "发送时间",
    "日期",
    "送信日時",
    "to",
    "an",
    "à",
    "para",
    "a",
    "aan",
    "till",
    "til",
    "do",
    "кому",
    "收件人",
    "宛先",
];
/// and about what.
const SUBJECT: [&str; 15] = [
    "subject",
    "betreff",
    "objet",
    "asunto",
    "assunto",
    "oggetto",
    "onderwerp",
    "ämne",
    "emne",
    "temat",
    "předmět",
    "тема",
    "aihe",
    "主题",
    "件名",
];
/// What phones put under a mail.
const SENT_FROM: [&str; 24] = [
    "sent from my ",
    "sent from mail for",
    "sent from outlook",
    "sent from yahoo",
    "sent from proton",
    "sent via ",
    "get outlook for",
    "sent using ",
    "von meinem iphone gesendet",
    "von meinem ipad gesendet",
    "gesendet von ",
    "gesendet mit ",
    "envoyé de mon ",
    "envoyé depuis ",
    "enviado desde ",
    "enviado do meu ",
    "enviado a partir ",
    "inviato da ",
    "verstuurd vanaf ",
    "skickat från min ",
    "sendt fra min ",
    "wysłane z ",
    "отправлено с ",
    "发自我的",
];

/// Whether a line (or some, joined) says that somebody wrote what follows: it names a time, and who or that they wrote.
pub fn is_attribution(text: &str) -> bool {
    let text = text.trim();
    if text.len() > LONGEST_ATTRIBUTION_BYTES || !text.ends_with([':', '：']) || !tells_time(text) {
        return false;
    }
    let lower = text.to_lowercase();
    let names_somebody = text.split_once('<').is_some_and(|(_, after)| after.contains('@') && after.contains('>'));
    names_somebody || WROTE.iter().any(|wrote| lower.contains(wrote))
}

/// Whether there is a year, or a time of the day, outside of an address.
fn tells_time(text: &str) -> bool {
    let (mut outside, mut depth) = (String::new(), 0_u32);
    for letter in text.chars() {
        match letter {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            letter if depth == 0 => outside.push(letter),
            _ => {}
        }
    }
    let mut numbers = outside.split(|letter: char| !letter.is_ascii_digit()).filter(|number| !number.is_empty());
    let is_year = |number: &str| number.len() == 4 && (number.starts_with("19") || number.starts_with("20"));
    let is_clock = || {
        let bytes = outside.as_bytes();
        bytes.windows(4).any(|four| {
            four[0].is_ascii_digit()
                && matches!(four[1], b':' | b'.' | b'h')
                && four[2].is_ascii_digit()
                && four[3].is_ascii_digit()
        })
    };
    numbers.any(is_year) || is_clock()
}

/// Whether a line begins the mail that is answered, between dashes.
pub fn is_original(text: &str) -> bool {
    between_dashes(text).is_some_and(|inside| ORIGINAL.contains(&inside.as_str()))
}

/// Whether a line begins a mail that is handed on.
pub fn is_forwarded(text: &str) -> bool {
    match between_dashes(text) {
        Some(inside) => FORWARDED.iter().any(|words| inside.contains(words)),
        None => {
            let text = text.trim();
            if !text.ends_with(':') || text.len() >= LONGEST_FORWARDED_BYTES {
                return false;
            }
            let lower = text.to_lowercase();
            FORWARDED.iter().any(|words| lower.contains(words))
        }
    }
}

fn between_dashes(text: &str) -> Option<String> {
    let inside = text.trim().strip_prefix("--")?.trim_matches(['-', ' ']);
    (!inside.is_empty()).then(|| inside.to_lowercase())
}

/// Whether the lines that begin here repeat the head of a mail.
pub fn is_head<'a>(mut lines: impl Iterator<Item = &'a str>) -> bool {
    /// How many lines such a head may have.
    const LINES: usize = 8;
    let Some((first, _)) = lines.next().and_then(named) else { return false };
    if !FROM.contains(&first.as_str()) {
        return false;
    }
    let (mut has_sent, mut has_subject) = (false, false);
    for (name, _) in lines.take(LINES).filter_map(named) {
        has_sent |= SENT.contains(&name.as_str());
        has_subject |= SUBJECT.contains(&name.as_str());
    }
    has_sent && has_subject
}

/// The name of a field that a line begins with, without the marks that made it bold.
fn named(line: &str) -> Option<(String, &str)> {
    let colon = line.find([':', '：'])?;
    let name = line[..colon].trim().trim_matches(['*', '_', '\u{200e}']).trim().to_lowercase();
    (!name.is_empty()).then_some((name, &line[colon..]))
}

/// Whether a line is the one that a phone puts under a mail.
pub fn is_sent_from(text: &str) -> bool {
    /// A longer line is somebody's own.
    const LONGEST: usize = 80;
    let lower = text.trim().to_lowercase();
    lower.chars().count() <= LONGEST
        && (SENT_FROM.iter().any(|words| lower.starts_with(words))
            || lower.ends_with("から送信")
            || lower.ends_with("에서 보냄"))
}

/// Whether a line parts a signature from what is above it.
pub fn is_signature_mark(text: &str) -> bool {
    matches!(text.trim_end_matches('\r'), "-- " | "--" | "--\u{a0}")
}

/// Whether a line is a rule of dashes or underscores, as lists and Outlook draw them.
pub fn is_rule(text: &str) -> bool {
    let text = text.trim();
    text.len() >= 10 && text.bytes().all(|byte| matches!(byte, b'_' | b'-' | b'='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributions_of_many_languages_are_known() {
        for text in [
            "On Mon, Jan 5, 2026 at 10:00 AM Ana Silva <ana@x.org> wrote:",
            "On 5 Jan 2026, at 10:00, Ana <ana@x.org> wrote:",
            "On 05/01/2026 10:00, Ana wrote:",
            "Am 05.01.2026 um 10:00 schrieb Ana Silva:",
            "Am Mo., 5. Jan. 2026 um 10:00 Uhr schrieb Ana <ana@x.org>:",
            "Le lun. 5 janv. 2026 à 10:00, Ana <ana@x.org> a écrit :",
            "El lun, 5 ene 2026 a las 10:00, Ana (<ana@x.org>) escribió:",
            "Em seg., 5 de jan. de 2026 às 10:00, Ana <ana@x.org> escreveu:",
            "Il giorno lun 5 gen 2026 alle ore 10:00 Ana <ana@x.org> ha scritto:",
            "Op ma 5 jan 2026 om 10:00 schreef Ana <ana@x.org>:",
            "Den mån 5 jan. 2026 kl 10:00 skrev Ana <ana@x.org>:",
            "ma 5. tammik. 2026 klo 10.00 Ana (ana@x.org) kirjoitti:",
            "pon., 5 sty 2026 o 10:00 Ana <ana@x.org> napisał(a):",
            "po 5. 1. 2026 v 10:00 odesílatel Ana <ana@x.org> napsal:",
            "пн, 5 янв. 2026 г. в 10:00, Ana <ana@x.org>:",
            "2026年1月5日(月) 10:00 Ana <ana@x.org>:",
            "Ana <ana@x.org> 于2026年1月5日周一 10:00写道：",
            "2026년 1월 5일 (월) 오전 10:00, Ana <ana@x.org>님이 작성:",
            "Ana <ana@x.org>, 5 Oca 2026 Pzt, 10:00 tarihinde şunu yazdı:",
        ] {
            assert!(is_attribution(text), "{text}");
        }
        for text in [
            "On Monday I wrote:",
            "She wrote:",
            "On 5 Jan 2026 at 10:00 we meet.",
            "The plan for 2026:",
            "Write to <ana2026@x.org>:",
            "",
        ] {
            assert!(!is_attribution(text), "{text}");
        }
    }

    #[test]
    fn a_repeated_head_is_known_by_its_fields() {
        for (text, is) in [
            ("From: Ana\nSent: Monday\nTo: Bob\nSubject: Plan", true),
            ("*From:* Ana\n*Date:* Monday\n*Subject:* Plan", true),
            ("Von: Ana\nGesendet: Montag\nAn: Bob\nBetreff: Plan", true),
            ("De : Ana\nEnvoyé : lundi\nÀ : Bob\nObjet : Plan", true),
            ("De: Ana\nEnviado: lunes\nPara: Bob\nAsunto: Plan", true),
            ("发件人： Ana\n发送时间： 2026\n收件人： Bob\n主题： Plan", true),
            ("From: here to there\nwe go", false),
            ("Subject: Plan\nFrom: Ana\nTo: x", false),
            ("", false),
        ] {
            assert_eq!(is_head(text.lines()), is, "{text}");
        }
    }

    #[test]
    fn marks_of_originals_forwards_and_phones_are_known() {
        assert!(is_original("-----Original Message-----") && is_original("-------- Ursprüngliche Nachricht --------"));
        assert!(!is_original("original message") && !is_original("-- "));
        assert!(is_forwarded("---------- Forwarded message ---------") && is_forwarded("Begin forwarded message:"));
        assert!(is_forwarded("-------- Weitergeleitete Nachricht --------") && !is_forwarded("a forwarded message"));
        assert!(is_sent_from("Sent from my iPhone") && is_sent_from("Von meinem iPhone gesendet"));
        assert!(is_sent_from("iPhoneから送信") && !is_sent_from("I sent from my desk what you asked for"));
    }
}
