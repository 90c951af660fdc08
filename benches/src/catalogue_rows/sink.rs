//! How rows are said: `INSERT` of many at a time to `sqlite3`, `COPY` to `psql`.

use std::io::{self, BufWriter, Stdout, Write};

/// Rows of one `INSERT`.
const AT_ONCE: u64 = 500;

/// Whose input is printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// `sqlite3`.
    Sqlite,
    /// `psql`.
    Postgres,
}

/// What stands in a column.
pub(crate) enum Cell<'a> {
    /// A UUID.
    Id(u128),
    /// A text without quotes, tabs or backslashes.
    Text(&'a str),
    /// A whole number.
    Number(u64),
    /// A number that is not whole.
    Real(f64),
    /// True or false.
    Flag(bool),
    /// Any bytes.
    Bytes(&'a [u8]),
    /// Nothing.
    Nothing,
}

/// Standard output.
pub(crate) struct Sink {
    dialect: Dialect,
    out: BufWriter<Stdout>,
    /// How an `INSERT` into the table begins, and how many rows came.
    table: (String, u64),
}

impl Sink {
    pub(crate) fn new(dialect: Dialect) -> Self {
        let out = BufWriter::with_capacity(1 << 20, io::stdout());
        Self { dialect, out, table: (String::new(), 0) }
    }

    /// Foreign keys are not looked up row by row, nor is a log kept that would be thrown away.
    pub(crate) fn begin(&mut self) -> io::Result<()> {
        self.out.write_all(match self.dialect {
            Dialect::Sqlite => {
                b"PRAGMA synchronous = off;\nPRAGMA cache_size = -2000000;\n\
                  PRAGMA foreign_keys = off;\nBEGIN;\n"
            }
            Dialect::Postgres => b"SET session_replication_role = replica;\n",
        })
    }

    pub(crate) fn finish(&mut self) -> io::Result<()> {
        if self.dialect == Dialect::Sqlite {
            self.out.write_all(b"COMMIT;\n")?;
        }
        self.out.flush()
    }

    /// Begins a table. Columns are separated by commas.
    pub(crate) fn table(&mut self, name: &str, columns: &str) -> io::Result<()> {
        self.table = (format!("INSERT INTO {name} ({columns}) VALUES\n"), 0);
        match self.dialect {
            Dialect::Sqlite => Ok(()),
            Dialect::Postgres => writeln!(self.out, "COPY {name} ({columns}) FROM stdin;"),
        }
    }

    pub(crate) fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        let (between, end): (&[u8], &[u8]) = match self.dialect {
            Dialect::Sqlite => {
                let (insert, rows) = &mut self.table;
                let first = *rows % AT_ONCE == 0;
                let before = if *rows == 0 {
                    ""
                } else if first {
                    ";\n"
                } else {
                    ",\n"
                };
                self.out.write_all(before.as_bytes())?;
                if first {
                    self.out.write_all(insert.as_bytes())?;
                }
                self.out.write_all(b"(")?;
                *rows += 1;
                (b",", b")")
            }
            Dialect::Postgres => (b"\t", b"\n"),
        };
        for (nth, cell) in cells.iter().enumerate() {
            if nth > 0 {
                self.out.write_all(between)?;
            }
            self.cell(cell)?;
        }
        self.out.write_all(end)
    }

    /// Ends the table.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        match self.dialect {
            Dialect::Sqlite if self.table.1 == 0 => Ok(()),
            Dialect::Sqlite => self.out.write_all(b";\n"),
            Dialect::Postgres => self.out.write_all(b"\\.\n"),
        }
    }

    fn cell(&mut self, cell: &Cell<'_>) -> io::Result<()> {
        let sqlite = self.dialect == Dialect::Sqlite;
        match cell {
            Cell::Id(id) if sqlite => write!(self.out, "X'{id:032x}'"),
            Cell::Id(id) => write!(self.out, "{id:032x}"),
            Cell::Text(text) if sqlite => write!(self.out, "'{text}'"),
            Cell::Text(text) => self.out.write_all(text.as_bytes()),
            Cell::Number(number) => write!(self.out, "{number}"),
            Cell::Real(real) => write!(self.out, "{real:?}"),
            Cell::Flag(flag) if sqlite => write!(self.out, "{}", u8::from(*flag)),
            Cell::Flag(flag) => write!(self.out, "{flag}"),
            Cell::Bytes(bytes) => {
                self.out.write_all(if sqlite { b"X'" } else { b"\\\\x" })?;
                bytes.iter().try_for_each(|byte| write!(self.out, "{byte:02x}"))?;
                self.out.write_all(if sqlite { b"'" } else { b"" })
            }
            Cell::Nothing => self.out.write_all(if sqlite { b"NULL" } else { b"\\N" }),
        }
    }
}
