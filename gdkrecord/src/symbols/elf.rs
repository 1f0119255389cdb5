//! A file of code, opened piece by piece, and the build id by which it is told from others.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use object::elf::{ELF_NOTE_GNU, NT_GNU_BUILD_ID, SHT_NOTE};
use object::read::ReadCache;
use object::read::elf::{ElfFile, FileHeader, NoteIterator, ProgramHeader, SectionHeader};
use object::{ReadRef, elf};

/// An object file that is read through [`Pieces`].
pub type Elf<'a> = object::File<'a, &'a Pieces>;
/// A file of which only what is asked for is read.
pub type Pieces = ReadCache<Metered>;

/// Bytes that are read of one file at most: a damaged one may say that all of it lies in each of its sections.
const READ_MAX: u64 = 1 << 30;
/// Bytes of notes that are looked through for a build id.
const NOTES_MAX: u64 = 64 * 1024;

/// A file that ends in an error when too much was read of it.
#[derive(Debug)]
pub struct Metered {
    file: File,
    left: u64,
}

impl Read for Metered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or(io::ErrorKind::FileTooLarge)?;
        Ok(read)
    }
}

impl Seek for Metered {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// Opens a file. What is no regular file is refused: a pipe would be waited for.
pub fn pieces(path: &Path) -> io::Result<Pieces> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    Ok(ReadCache::new(Metered { file: File::open(path)?, left: READ_MAX }))
}

/// The GNU build id in hexadecimal; `None` where the file has none.
pub fn build_id<'d, R: ReadRef<'d>>(file: &object::File<'d, R>) -> Option<String> {
    match file {
        object::File::Elf32(file) => note::<elf::FileHeader32<_>, R>(file),
        object::File::Elf64(file) => note::<elf::FileHeader64<_>, R>(file),
        _ => None,
    }
}

fn note<'d, E: FileHeader, R: ReadRef<'d>>(file: &ElfFile<'d, E, R>) -> Option<String> {
    let (endian, data) = (file.endian(), file.data());
    let sections = file.elf_section_table().iter().filter_map(|section| {
        let size: u64 = section.sh_size(endian).into();
        let fits = section.sh_type(endian) == SHT_NOTE && size <= NOTES_MAX;
        fits.then(|| section.notes(endian, data).ok().flatten()).flatten()
    });
    let segments = file.elf_program_headers().iter().filter_map(|segment| {
        let size: u64 = segment.p_filesz(endian).into();
        (size <= NOTES_MAX).then(|| segment.notes(endian, data).ok().flatten()).flatten()
    });
    sections.chain(segments).find_map(|notes| id(endian, notes))
}

fn id<E: FileHeader>(endian: E::Endian, mut notes: NoteIterator<'_, E>) -> Option<String> {
    while let Ok(Some(note)) = notes.next() {
        if note.name() == ELF_NOTE_GNU && note.n_type(endian) == NT_GNU_BUILD_ID && !note.desc().is_empty() {
            return Some(note.desc().iter().map(|byte| format!("{byte:02x}")).collect());
        }
    }
    None
}
