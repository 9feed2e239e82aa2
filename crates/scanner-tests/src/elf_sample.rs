//! ELF files for tests, of any class and byte order, put together of what they are to name.

/// Which sections an ELF file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sections {
    /// None.
    None,
    /// Those of a program.
    Program,
    /// Those of a separate debug file: they have no content, and no table stands where the headers say.
    DebugFile,
}

/// What an ELF file is to name.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Whether addresses have 64 bits.
    pub is_64_bit: bool,
    /// Whether the first byte is the lowest.
    pub is_little_endian: bool,
    /// `e_type`.
    pub elf_type: u16,
    /// `PT_INTERP`.
    pub interpreter: Option<&'static str>,
    /// Entries of the dynamic section whose value is a string.
    pub strings: Vec<(u64, &'static str)>,
    /// Other entries.
    pub values: Vec<(u64, u64)>,
    /// The text of a note `.note.dlopen`.
    pub dlopen: Option<&'static str>,
    /// Constant data, with a section of its own if there are any.
    pub data: &'static [u8],
    /// Writable data, in a section of their own if there are any.
    pub writable_data: &'static [u8],
    /// Its sections.
    pub sections: Sections,
}

impl Default for Sample {
    fn default() -> Self {
        Self {
            is_64_bit: true,
            is_little_endian: true,
            elf_type: 3,
            interpreter: None,
            strings: Vec::new(),
            values: Vec::new(),
            dlopen: None,
            data: b"",
            writable_data: b"",
            sections: Sections::None,
        }
    }
}

/// A file of each class and byte order that names something of everything, and its separate debug file.
pub fn all() -> Vec<Vec<u8>> {
    let mut files = Vec::new();
    for is_64_bit in [true, false] {
        for is_little_endian in [true, false] {
            for sections in [Sections::Program, Sections::DebugFile, Sections::None] {
                let sample = Sample {
                    is_64_bit,
                    is_little_endian,
                    sections,
                    interpreter: Some("/lib/ld.so"),
                    strings: vec![(1, "libx.so"), (14, "liby.so"), (29, "/lib:$ORIGIN")],
                    dlopen: Some(r#"[{"soname":["libz.so"],"priority":"suggested"}]"#),
                    data: b"\0/etc/x.conf\0",
                    ..Sample::default()
                };
                files.push(sample.build());
            }
        }
    }
    files
}

/// Bytes being written, with numbers in the file's byte order.
struct Writer<'a> {
    sample: &'a Sample,
    bytes: Vec<u8>,
}

impl Writer<'_> {
    fn number(&mut self, value: u64, size: usize) {
        let little = value.to_le_bytes();
        let mut bytes = little[..size].to_vec();
        if !self.sample.is_little_endian {
            bytes.reverse();
        }
        self.bytes.extend(bytes);
    }

    fn half(&mut self, value: u16) {
        self.number(value.into(), 2);
    }

    fn word(&mut self, value: u32) {
        self.number(value.into(), 4);
    }

    /// A number as large as an address.
    fn address(&mut self, value: u64) {
        self.number(value, if self.sample.is_64_bit { 8 } else { 4 });
    }

    fn segment(&mut self, segment_type: u32, flags: u32, (offset, size): (u64, u64)) {
        self.word(segment_type);
        if self.sample.is_64_bit {
            self.word(flags);
        }
        self.address(offset);
        self.address(BASE + offset);
        self.address(BASE + offset);
        self.address(size);
        self.address(size);
        if !self.sample.is_64_bit {
            self.word(flags);
        }
        self.address(4);
    }

    fn section(&mut self, name: u32, section_type: u32, flags: u64, (offset, size): (u64, u64)) {
        self.word(name);
        self.word(section_type);
        self.address(flags);
        self.address(BASE + offset);
        self.address(offset);
        self.address(size);
        self.word(0);
        self.word(0);
        self.address(1);
        self.address(0);
    }
}

/// Where the file is loaded.
const BASE: u64 = 0x1_0000;

impl Sample {
    /// The file.
    pub fn build(&self) -> Vec<u8> {
        let (header, segment_size, section_size) = if self.is_64_bit {
            (64, 56, 64)
        } else {
            (52, 32, 40)
        };
        let mut body = Writer {
            sample: self,
            bytes: Vec::new(),
        };
        let segments = 5;
        let start = header + segments * segment_size;
        let place = |from: usize, to: usize| ((start + from) as u64, (to - from) as u64);

        let interpreter = self.interpreter.map(|path| {
            let from = body.bytes.len();
            body.bytes.extend_from_slice(path.as_bytes());
            body.bytes.push(0);
            place(from, body.bytes.len())
        });
        let note = self.dlopen.map(|text| {
            while !(start + body.bytes.len()).is_multiple_of(4) {
                body.bytes.push(0);
            }
            let from = body.bytes.len();
            body.word(4);
            body.word(text.len() as u32 + 1);
            body.word(0x407c_0c0a);
            body.bytes.extend_from_slice(b"FDO\0");
            body.bytes.extend_from_slice(text.as_bytes());
            body.bytes.push(0);
            while !(body.bytes.len() - from).is_multiple_of(4) {
                body.bytes.push(0);
            }
            place(from, body.bytes.len())
        });
        let from = body.bytes.len();
        body.bytes.extend_from_slice(self.data);
        let data = place(from, body.bytes.len());
        let from = body.bytes.len();
        body.bytes.extend_from_slice(self.writable_data);
        let writable = place(from, body.bytes.len());

        let from = body.bytes.len();
        body.bytes.push(0);
        let mut entries = self.values.clone();
        for (tag, text) in &self.strings {
            entries.push((*tag, (body.bytes.len() - from) as u64));
            body.bytes.extend_from_slice(text.as_bytes());
            body.bytes.push(0);
        }
        entries.push((5, BASE + (start + from) as u64));
        entries.push((0, 0));
        let from = body.bytes.len();
        for (tag, value) in entries {
            body.address(tag);
            body.address(value);
        }
        let dynamic = place(from, body.bytes.len());
        let is_debug_file = self.sections == Sections::DebugFile;
        if is_debug_file {
            body.bytes.fill(0xff);
        }
        let names = b"\0.rodata\0.eh_frame\0.data\0";
        let from = body.bytes.len();
        body.bytes.extend_from_slice(names);
        let names = place(from, body.bytes.len());
        let sections_at = start + body.bytes.len();
        let has_sections = self.sections != Sections::None;
        let sections = if has_sections { 5 } else { 0 };
        if has_sections {
            body.section(0, 0, 0, (0, 0));
            // SHT_PROGBITS or SHT_NOBITS, SHF_ALLOC.
            let section_type = if is_debug_file { 8 } else { 1 };
            body.section(1, section_type, 2, data);
            body.section(9, section_type, 2, dynamic);
            body.section(0, 3, 0, names);
            body.section(19, section_type, 3, writable);
        }

        let mut file = Writer {
            sample: self,
            bytes: b"\x7fELF".to_vec(),
        };
        file.bytes.push(if self.is_64_bit { 2 } else { 1 });
        file.bytes.push(if self.is_little_endian { 1 } else { 2 });
        file.bytes.push(1);
        file.bytes.resize(16, 0);
        file.half(self.elf_type);
        file.half(62);
        file.word(1);
        file.address(0);
        file.address(header as u64);
        file.address(if has_sections { sections_at as u64 } else { 0 });
        file.word(0);
        file.half(header as u16);
        file.half(segment_size as u16);
        file.half(segments as u16);
        file.half(section_size);
        file.half(sections);
        file.half(if has_sections { 3 } else { 0 });
        let whole = (0, (start + body.bytes.len()) as u64);
        // PT_LOAD, readable and executable; a part of it again, as linkers keep constants apart.
        file.segment(1, 5, whole);
        file.segment(3, 4, interpreter.unwrap_or_default());
        file.segment(2, 6, dynamic);
        file.segment(4, 4, note.unwrap_or_default());
        file.segment(0, 0, (0, 0));
        if interpreter.is_none() {
            // PT_NULL in its place.
            let at = header + segment_size;
            file.bytes[at..at + 4].fill(0);
        }
        file.bytes.extend(body.bytes);
        file.bytes
    }
}
