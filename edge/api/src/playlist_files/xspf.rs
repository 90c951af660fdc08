//! XSPF 1 (<https://www.xspf.org/spec>). Document types and entities beyond those of XML itself are refused: whoever sends
//! one wants something else.

use quick_xml::Reader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesEnd, BytesRef, BytesStart, BytesText, Event};
use quick_xml::writer::Writer;

use super::{PlaylistFile, Track, Unreadable};

const NAMESPACE: &str = "http://xspf.org/ns/0/";

/// No playlist is deeper, extensions included.
const DEEPEST: usize = 32;

pub(super) fn write(file: &PlaylistFile) -> String {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    let written = write_playlist(&mut xml, file);
    written.expect("memory takes all that is written");
    let text = String::from_utf8(xml.into_inner()).expect("all that is written is UTF-8");
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{text}\n")
}

fn write_playlist(xml: &mut Writer<Vec<u8>>, file: &PlaylistFile) -> std::io::Result<()> {
    let playlist =
        BytesStart::new("playlist").with_attributes([("version", "1"), ("xmlns", NAMESPACE)]);
    xml.write_event(Event::Start(playlist))?;
    say(xml, "title", file.title.as_deref())?;
    say(xml, "annotation", file.annotation.as_deref())?;
    xml.write_event(Event::Start(BytesStart::new("trackList")))?;
    for track in &file.tracks {
        xml.write_event(Event::Start(BytesStart::new("track")))?;
        for location in &track.locations {
            say(xml, "location", Some(location))?;
        }
        for identifier in &track.identifiers {
            say(xml, "identifier", Some(identifier))?;
        }
        say(xml, "title", track.title.as_deref())?;
        say(xml, "creator", track.artist.as_deref())?;
        say(xml, "album", track.album.as_deref())?;
        say(xml, "duration", track.duration_ms.map(|ms| ms.to_string()).as_deref())?;
        xml.write_event(Event::End(BytesEnd::new("track")))?;
    }
    xml.write_event(Event::End(BytesEnd::new("trackList")))?;
    xml.write_event(Event::End(BytesEnd::new("playlist")))
}

fn say(xml: &mut Writer<Vec<u8>>, name: &str, text: Option<&str>) -> std::io::Result<()> {
    let Some(text) = text else { return Ok(()) };
    let text: String = text.chars().map(printable).collect();
    xml.create_element(name).write_text_content(BytesText::new(&text)).map(|_| ())
}

/// XML 1.0 2.2: not every character may stand in a document.
fn printable(c: char) -> char {
    let allowed = matches!(c, '\t' | '\n' | '\r') || c >= ' ' && c != '\u{fffe}' && c != '\u{ffff}';
    if allowed { c } else { '\u{fffd}' }
}

pub(super) fn read(text: &str) -> Result<PlaylistFile, Unreadable> {
    let mut reader = Reader::from_str(text);
    let mut reading = Reading::default();
    loop {
        let event = reader.read_event().map_err(|error| malformed(&error.to_string()))?;
        match event {
            Event::Start(tag) => reading.open(&tag)?,
            Event::Empty(tag) => {
                reading.open(&tag)?;
                reading.close()?;
            }
            Event::End(_) => reading.close()?,
            Event::Text(text) => {
                let text = text.xml10_content().map_err(|error| malformed(&error.to_string()))?;
                reading.text.push_str(&text);
            }
            Event::CData(text) => {
                let text = text.xml10_content().map_err(|error| malformed(&error.to_string()))?;
                reading.text.push_str(&text);
            }
            Event::GeneralRef(reference) => reading.text.push_str(&resolved(&reference)?),
            Event::DocType(_) => return Err(Unreadable::DocumentType),
            Event::Eof => return reading.end(),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
}

/// What has been read so far.
#[derive(Default)]
struct Reading {
    /// The names of the open elements.
    path: Vec<String>,
    /// The text of the innermost one.
    text: String,
    file: PlaylistFile,
    track: Track,
    begun: bool,
}

impl Reading {
    fn open(&mut self, tag: &BytesStart<'_>) -> Result<(), Unreadable> {
        let name = String::from_utf8_lossy(tag.local_name().as_ref()).into_owned();
        if self.path.is_empty() && (self.begun || name != "playlist") {
            return Err(malformed("its root is not one 'playlist'"));
        }
        if self.path.len() >= DEEPEST {
            return Err(malformed("it is too deep"));
        }
        self.begun = true;
        self.text.clear();
        self.path.push(name);
        Ok(())
    }

    fn close(&mut self) -> Result<(), Unreadable> {
        let name = self.path.pop().ok_or_else(|| malformed("it ends twice"))?;
        let text = std::mem::take(&mut self.text);
        match (self.path.last().map(String::as_str), name.as_str()) {
            (Some("playlist"), "title") => self.file.title = said(text),
            (Some("playlist"), "annotation") => self.file.annotation = said(text),
            (Some("track"), "location") => self.track.locations.extend(said(text)),
            (Some("track"), "identifier") => self.track.identifiers.extend(said(text)),
            (Some("track"), "title") => self.track.title = said(text),
            (Some("track"), "creator") => self.track.artist = said(text),
            (Some("track"), "album") => self.track.album = said(text),
            (Some("track"), "duration") => self.track.duration_ms = text.trim().parse().ok(),
            (_, "track") => self.file.push(std::mem::take(&mut self.track))?,
            _ => {}
        }
        Ok(())
    }

    fn end(self) -> Result<PlaylistFile, Unreadable> {
        if self.begun && self.path.is_empty() {
            Ok(self.file)
        } else {
            Err(malformed("it ends before it is over"))
        }
    }
}

/// A character by its number, or one of the five entities of XML 1.0 4.6.
fn resolved(reference: &BytesRef<'_>) -> Result<String, Unreadable> {
    let character = reference.resolve_char_ref().map_err(|error| malformed(&error.to_string()))?;
    if let Some(character) = character {
        return Ok(character.to_string());
    }
    let name = reference.decode().map_err(|error| malformed(&error.to_string()))?;
    resolve_xml_entity(&name).map(str::to_owned).ok_or(Unreadable::DocumentType)
}

fn said(text: String) -> Option<String> {
    let said = text.trim();
    (!said.is_empty()).then(|| said.to_owned())
}

fn malformed(why: &str) -> Unreadable {
    Unreadable::Malformed(format!("it is not XSPF: {why}"))
}
