//! The processes and threads of a session, with names for those that it knows none of.

use std::collections::BTreeMap;

use super::Reading;
use crate::error::Result;

/// Every process and thread that a session knows.
#[derive(Debug)]
pub struct Threads {
    /// Name and command by process.
    pub processes: BTreeMap<i32, Process>,
    /// Name by process and thread.
    pub threads: BTreeMap<(i32, i32), Option<String>>,
}

/// A process.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Process {
    /// Its name, where it is known.
    pub name: Option<String>,
    /// Its command line, where it is known.
    pub command: Option<String>,
    /// Its parent, where it is known.
    pub parent: Option<i32>,
    /// When it began and ended, where that is known.
    pub life: (Option<i64>, Option<i64>),
}

impl Threads {
    /// Reads them.
    pub fn read(reading: &Reading<'_>) -> Result<Threads> {
        let processes = reading.ask("SELECT pid, name, command, parent, start, \"end\" FROM processes", |row| {
            let life = (row.get(4)?, row.get(5)?);
            Ok((row.get(0)?, Process { name: row.get(1)?, command: row.get(2)?, parent: row.get(3)?, life }))
        })?;
        let threads = reading.ask("SELECT pid, tid, name FROM threads", |row| {
            Ok(((row.get(0)?, row.get(1)?), row.get::<_, Option<String>>(2)?))
        })?;
        Ok(Threads { processes: processes.into_iter().collect(), threads: threads.into_iter().collect() })
    }

    /// What a process is called: by its name, its command, or its number.
    pub fn process(&self, pid: i32) -> String {
        let known = self.processes.get(&pid);
        let name = known.and_then(|process| {
            let command = process.command.as_deref().and_then(|command| command.split(' ').next());
            process.name.as_deref().or_else(|| command?.rsplit('/').next()).filter(|name| !name.is_empty())
        });
        match name {
            Some(name) => name.to_owned(),
            None if pid == 0 => "system".to_owned(),
            None => format!("process {pid}"),
        }
    }

    /// What a thread is called, where the session has a name for it. The first thread of a process is called as that.
    pub fn thread(&self, pid: i32, tid: i32) -> Option<String> {
        let own = self.threads.get(&(pid, tid)).cloned().flatten();
        own.or_else(|| (tid == pid && pid != 0).then(|| self.process(pid)))
    }

    /// Process and thread in one name.
    pub fn name(&self, pid: i32, tid: i32) -> String {
        let process = self.process(pid);
        match self.thread(pid, tid) {
            _ if tid == 0 => process,
            Some(thread) if tid == pid || thread == process => format!("{process} {tid}"),
            Some(thread) => format!("{process}/{thread} {tid}"),
            None => format!("{process}/{tid}"),
        }
    }
}
