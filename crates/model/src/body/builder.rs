//! Puts a body together, in the one form that a reading has.
//!
//! Whatever comes, in whatever order, makes a body; nothing is refused and nothing is too deep.

use super::{Block, Body, DEEPEST, HIGHEST_NUMBER, LONGEST_ADDRESS, Nameless, Span, Style, What, named};

/// The longest name of a language.
const LONGEST_LANGUAGE: usize = 40;

/// What is open and not yet closed.
#[derive(Debug)]
enum Open {
    Quote(Vec<Block>),
    List(Option<u32>, Vec<Vec<Block>>),
    Item(Vec<Block>),
    /// Too deep: what stands in it is said one level up.
    Flat,
}

/// Puts a body together from its beginning to its end.
#[derive(Debug, Default)]
pub struct Builder {
    done: Vec<Block>,
    open: Vec<Open>,
    depth: usize,
    /// Words that are not yet a block.
    words: Vec<Span>,
    /// Line breaks that are due before the next words of the same block.
    breaks: usize,
}

impl Builder {
    /// Adds words. A line break in them is one.
    pub fn text(&mut self, text: &str, style: Style) {
        self.span(Span { what: What::Text { text: text.to_owned() }, style });
    }

    /// Adds a link. What is no address of the web or of mail becomes words.
    pub fn link(&mut self, address: &str, text: &str, style: Style) {
        let (address, text) = (address.to_owned(), text.to_owned());
        self.span(Span { what: What::Link { address, text }, style });
    }

    /// Adds a stretch of words.
    pub fn span(&mut self, span: Span) {
        let Span { what, style } = span;
        match what {
            What::Text { text } => self.lines(&clean(&text), style),
            What::Link { address, text } => {
                let text = clean(&text).replace('\n', " ");
                let text = if text.is_empty() { address.clone() } else { text };
                if is_address(&address) {
                    self.push(Span { what: What::Link { address, text }, style });
                } else {
                    self.lines(&super::text::link(&clean(&address).replace('\n', " "), &text), style);
                }
            }
            What::Person { id, fallback } => {
                let fallback = line(&fallback, id.as_str());
                self.named(What::Person { id, fallback }, style);
            }
            What::Chat { id, fallback } => {
                let fallback = line(&fallback, id.as_str());
                self.named(What::Chat { id, fallback }, style);
            }
            What::Group { id, fallback } => {
                let fallback = line(&fallback, id.as_str());
                self.named(What::Group { id, fallback }, style);
            }
            What::Emoji { name } => self.named(What::Emoji { name: line(&name, "") }, style),
            What::Date { seconds, format, fallback } => {
                let fallback = line(&fallback, &seconds.to_string());
                self.named(What::Date { seconds, format: line(&format, ""), fallback }, style);
            }
            What::Broadcast { range } => self.named(What::Broadcast { range }, style),
        }
    }

    /// What names nobody is only its label.
    fn named(&mut self, what: What, style: Style) {
        match named::parts(&what) {
            Some((_, value)) if !value.is_empty() => self.push(Span { what, style }),
            _ => self.lines(&named::label(&what, &Nameless), style),
        }
    }

    fn lines(&mut self, text: &str, style: Style) {
        for (number, part) in text.split('\n').enumerate() {
            if number > 0 {
                self.push(Span { what: What::Text { text: "\n".to_owned() }, style: Style::PLAIN });
            }
            if !part.is_empty() {
                self.push(Span { what: What::Text { text: part.to_owned() }, style });
            }
        }
    }

    fn push(&mut self, span: Span) {
        let breaks = std::mem::take(&mut self.breaks);
        if breaks > 0 && !self.words.is_empty() {
            join(&mut self.words, Span { what: What::Text { text: "\n".repeat(breaks) }, style: Style::PLAIN });
        }
        join(&mut self.words, span);
    }

    /// What follows begins a new line, if there are words before it.
    pub fn new_line(&mut self) {
        self.part(1);
    }

    /// What follows begins a new paragraph, if there are words before it.
    pub fn new_paragraph(&mut self) {
        self.part(2);
    }

    fn part(&mut self, breaks: usize) {
        self.breaks = self.breaks.max(breaks);
    }

    /// Whether nothing was said since the block that is open began.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty() && self.open.is_empty() && self.done.is_empty()
    }

    /// Whether the words so far end in a line break, which what follows may take for its own.
    pub fn ends_a_line(&self) -> bool {
        matches!(self.words.last(), Some(Span { what: What::Text { text }, .. }) if text.ends_with('\n'))
    }

    /// Takes the last line break back, where what follows begins a line anyway.
    pub fn drop_line_break(&mut self) {
        if let Some(Span { what: What::Text { text }, .. }) = self.words.last_mut()
            && text.ends_with('\n')
        {
            text.pop();
            if text.is_empty() {
                self.words.pop();
            }
        }
    }

    /// Adds lines of code.
    pub fn code(&mut self, language: Option<&str>, text: &str) {
        let is_name = |language: &&str| {
            let plain = |letter: u8| letter.is_ascii_alphanumeric() || b"+#._-".contains(&letter);
            !language.is_empty() && language.len() <= LONGEST_LANGUAGE && language.bytes().all(plain)
        };
        let text = clean(text);
        self.end_words();
        if !text.is_empty() {
            let language = language.filter(is_name).map(str::to_owned);
            self.put(Block::Code { language, text });
        }
    }

    /// Begins a quote.
    pub fn open_quote(&mut self) {
        self.begin(Open::Quote(Vec::new()));
    }

    /// Begins a list, with its first number unless it has bullets.
    pub fn open_list(&mut self, first: Option<u32>) {
        self.begin(Open::List(first, Vec::new()));
    }

    /// Begins a point of a list.
    pub fn open_item(&mut self) {
        self.end_words();
        self.open.push(Open::Item(Vec::new()));
    }

    fn begin(&mut self, open: Open) {
        self.end_words();
        if self.depth < DEEPEST {
            self.depth += 1;
            self.open.push(open);
        } else {
            self.open.push(Open::Flat);
        }
    }

    /// Ends what was begun last.
    pub fn close(&mut self) {
        self.end_words();
        match self.open.pop() {
            Some(Open::Quote(blocks)) => {
                self.depth -= 1;
                self.put(Block::Quote { blocks });
            }
            Some(Open::List(first, items)) => {
                self.depth -= 1;
                self.put(Block::List { first: first.map(|first| first.min(HIGHEST_NUMBER)), items });
            }
            Some(Open::Item(blocks)) => self.put_item(blocks),
            Some(Open::Flat) | None => {}
        }
    }

    /// A point goes to its list. What is in no list, or too deep for one, is said where it stands.
    fn put_item(&mut self, blocks: Vec<Block>) {
        if blocks.is_empty() {
            return;
        }
        match self.open.last_mut() {
            Some(Open::List(_, items)) => items.push(blocks),
            Some(Open::Quote(_) | Open::Item(_) | Open::Flat) | None => {
                blocks.into_iter().for_each(|block| self.put(block));
            }
        }
    }

    fn end_words(&mut self) {
        self.breaks = 0;
        let spans = std::mem::take(&mut self.words);
        if !spans.is_empty() {
            self.put(Block::Words { spans });
        }
    }

    /// Adds a finished block to what is open.
    fn put(&mut self, block: Block) {
        for open in self.open.iter_mut().rev() {
            match open {
                Open::Quote(blocks) | Open::Item(blocks) => return add(blocks, block),
                // Words between two points are a point of their own.
                Open::List(_, items) => return items.push(vec![block]),
                Open::Flat => {}
            }
        }
        add(&mut self.done, block);
    }

    /// Adds a block of another body.
    pub fn block(&mut self, block: &Block) {
        match block {
            Block::Words { spans } => {
                self.new_paragraph();
                spans.iter().for_each(|span| self.span(span.clone()));
            }
            Block::Code { language, text } => self.code(language.as_deref(), text),
            Block::Quote { blocks } => {
                self.open_quote();
                blocks.iter().for_each(|block| self.block(block));
                self.close();
            }
            Block::List { first, items } => {
                self.open_list(*first);
                for item in items {
                    self.open_item();
                    item.iter().for_each(|block| self.block(block));
                    self.close();
                }
                self.close();
            }
        }
    }

    /// Adds all of a body, on lines of its own.
    pub fn body(&mut self, body: &Body) {
        for (number, block) in body.blocks().iter().enumerate() {
            match block {
                Block::Words { spans } if number == 0 => {
                    spans.iter().for_each(|span| self.span(span.clone()));
                }
                block => self.block(block),
            }
        }
    }

    /// All that was said.
    pub fn finish(mut self) -> Body {
        self.end_words();
        while !self.open.is_empty() {
            self.close();
        }
        Body { blocks: self.done }
    }
}

/// Adds a stretch; words of one style are one stretch.
fn join(spans: &mut Vec<Span>, span: Span) {
    if let Some(last) = spans.last_mut()
        && last.style == span.style
    {
        match (&mut last.what, &span.what) {
            (What::Text { text }, What::Text { text: more }) => return text.push_str(more),
            (What::Link { address, text }, What::Link { address: other, text: more })
                if address == other && text != address =>
            {
                return text.push_str(more);
            }
            _ => {}
        }
    }
    spans.push(span);
}

/// Adds a block; what reads on is one block.
fn add(blocks: &mut Vec<Block>, block: Block) {
    match (blocks.last_mut(), block) {
        (_, Block::Quote { blocks }) if blocks.is_empty() => {}
        (_, Block::List { items, .. }) if items.is_empty() => {}
        (Some(Block::Words { spans }), Block::Words { spans: more }) => {
            join(spans, Span { what: What::Text { text: "\n\n".to_owned() }, style: Style::PLAIN });
            more.into_iter().for_each(|span| join(spans, span));
        }
        (Some(Block::Quote { blocks }), Block::Quote { blocks: more }) => {
            more.into_iter().for_each(|block| add(blocks, block));
        }
        (Some(Block::List { first, items }), Block::List { first: next, items: more })
            if goes_on(*first, items, next) =>
        {
            items.extend(more);
        }
        (_, block) => blocks.push(block),
    }
}

/// Whether a list that begins with `next` only goes on with the one before it.
fn goes_on(first: Option<u32>, items: &[Vec<Block>], next: Option<u32>) -> bool {
    match (first, next) {
        (None, None) => true,
        (Some(first), Some(next)) => {
            u32::try_from(items.len()).is_ok_and(|count| first.checked_add(count) == Some(next))
        }
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// Text without what cannot be seen or said: line ends are `\n`, other control characters are gone.
fn clean(text: &str) -> String {
    if !text.contains(|letter: char| letter.is_control() && letter != '\n') {
        return text.to_owned();
    }
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    lines.chars().filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\t')).collect()
}

/// A text on one line; where it says nothing, what stands for it.
fn line(text: &str, otherwise: &str) -> String {
    let line = clean(text).replace('\n', " ");
    if line.is_empty() { otherwise.to_owned() } else { line }
}

/// Whether a link may lead there: to the web or to a mailbox, and nowhere else.
pub(super) fn is_address(address: &str) -> bool {
    let leads = |scheme: &str| {
        address.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
            && address.len() > scheme.len()
    };
    address.len() <= LONGEST_ADDRESS
        && ["http://", "https://", "mailto:"].iter().any(|scheme| leads(scheme))
        && !address.contains(|letter: char| letter.is_whitespace() || letter.is_control())
}
