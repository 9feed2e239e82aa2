//! Debian's archive, through an apt of its own.
//!
//! The private apt has its own sources, lists, state and cache, so that the machine's apt is
//! never touched. Only what reaches the archive is the machine's: its address, proxies,
//! certificates and credentials, which are asked of the machine's apt.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ini::Ini;
use sha2::{Digest as _, Sha256};

use crate::{Error, Result, cache_directory, in_parallel, run};

/// The release of Debian whose packages are taken.
pub const SUITE: &str = "trixie";
const COMPONENT: &str = "main";
const ARCHITECTURE: &str = "amd64";
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
/// Names to one `apt-get download`; after a failure a smaller number, so that one bad file does
/// not cost the others.
const BATCHES: [usize; 3] = [40, 5, 1];

/// The current version of a package, as the archive's signed index describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deb {
    /// The package's name.
    pub name: String,
    /// The full version, with an epoch if there is one.
    pub version: String,
    architecture: String,
    size: u64,
    /// SHA-256 of the .deb file, in hexadecimal.
    pub sha256: String,
}

impl Deb {
    /// The name that `apt-get download` gives to the file.
    fn file_name(&self) -> String {
        format!(
            "{}_{}_{}.deb",
            self.name,
            self.version.replace(':', "%3a"),
            self.architecture
        )
    }
}

/// An index of the archive.
#[derive(Clone, Copy)]
struct Index<'a> {
    /// Where the private apt keeps it, in the cache directory.
    directory: &'a str,
    /// `deb` or `deb-src`.
    kind: &'a str,
    /// The release.
    suite: &'a str,
}

impl Index<'_> {
    const PACKAGES: Self = Self {
        directory: "apt",
        kind: "deb",
        suite: SUITE,
    };
}

/// The archive with an index that has just been brought up to date.
#[derive(Debug)]
pub struct Archive {
    config: PathBuf,
    debs: PathBuf,
    /// Two processes must not change the same cache at once.
    _lock: File,
}

impl Archive {
    /// Sets the private apt up in the cache directory and updates its index.
    pub fn open() -> Result<Self> {
        Self::open_in(&cache_directory(), false, Index::PACKAGES)
    }

    /// The same with the index of all files in all packages, for [`Archive::contents`].
    pub fn open_with_contents() -> Result<Self> {
        Self::open_in(&cache_directory(), true, Index::PACKAGES)
    }

    /// [`Archive::open`] for another release of Debian.
    pub fn open_suite(suite: &str) -> Result<Self> {
        let index = Index {
            directory: &format!("apt-{suite}"),
            suite,
            ..Index::PACKAGES
        };
        Self::open_in(&cache_directory(), false, index)
    }

    /// The archive with the index of sources, for [`Archive::source`].
    pub fn open_sources() -> Result<Self> {
        let index = Index {
            directory: "apt-sources",
            kind: "deb-src",
            ..Index::PACKAGES
        };
        Self::open_in(&cache_directory(), false, index)
    }

    fn open_in(cache: &Path, contents: bool, index: Index<'_>) -> Result<Self> {
        if !Path::new(KEYRING).exists() {
            return Err(
                Error::new("verify Debian's archive", format!("{KEYRING} is missing"))
                    .help("install it with `apt-get install debian-archive-keyring`"),
            );
        }
        let text = cache
            .to_str()
            .filter(|text| !text.contains(['"', '\\', ';', '{', '}', ' ']));
        let Some(text) = text.filter(|text| text.starts_with('/')) else {
            let doing = format!("keep downloads in {}", cache.display());
            return Err(
                Error::new(doing, "apt cannot work in a directory of this name")
                    .help("set HERMETIC_OUT_CACHE to an absolute path without blanks or quotes"),
            );
        };
        let apt = format!("{text}/{}", index.directory);
        let debs = cache.join("debs");
        let config = PathBuf::from(format!("{apt}/apt.conf"));
        let io = |error| {
            Error::new(format!("write below {text}"), error)
                .help("set HERMETIC_OUT_CACHE to a directory that can be written")
        };
        fs::create_dir_all(&debs).map_err(io)?;
        let lock = File::create(cache.join("lock")).map_err(io)?;
        lock.lock().map_err(io)?;

        let uri = machine_archive()?;
        let settings = settings(&apt, contents) + &network_settings()?;
        let Index { kind, suite, .. } = index;
        let source =
            format!("{kind} [arch={ARCHITECTURE} signed-by={KEYRING}] {uri} {suite} {COMPONENT}\n");
        let archive = Self {
            config,
            debs,
            _lock: lock,
        };
        let write = || -> std::io::Result<()> {
            for directory in [
                "etc/none.d",
                "state/lists/partial",
                "cache/archives/partial",
            ] {
                fs::create_dir_all(format!("{apt}/{directory}"))?;
            }
            fs::write(format!("{apt}/state/status"), "")?;
            fs::write(format!("{apt}/etc/sources.list"), &source)?;
            fs::write(&archive.config, &settings)
        };
        write().map_err(io)?;
        if archive.update().is_err() {
            // What an interrupted run has left may be the reason: once more from nothing.
            let _ = fs::remove_dir_all(format!("{apt}/state/lists"));
            write()
                .and_then(|()| fs::create_dir_all(format!("{apt}/state/lists/partial")))
                .map_err(io)?;
            archive.update().map_err(|error| {
                error.help("look whether `apt-get update` reaches Debian's archive on this machine")
            })?;
        }
        Ok(archive)
    }

    fn apt(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env("APT_CONFIG", &self.config)
            .env("LC_ALL", "C.UTF-8");
        command
    }

    fn update(&self) -> Result<()> {
        run(
            self.apt("apt-get").args(["-q", "update", "--error-on=any"]),
            "update apt's index",
        )?;
        Ok(())
    }

    /// The current versions of packages; names that the archive does not have are left out.
    pub fn candidates(&self, names: &[String]) -> Result<BTreeMap<String, Deb>> {
        let mut found = BTreeMap::new();
        let wanted: HashSet<&str> = names.iter().map(String::as_str).collect();
        for batch in names.chunks(500) {
            let mut show = self.apt("apt-cache");
            show.args(["show", "--no-all-versions"]).args(batch);
            // Names that do not exist make the exit status 100; what does exist is shown all the same.
            let output = show
                .output()
                .map_err(|error| crate::cannot_start(&show, "read apt's index", &error))?;
            for stanza in String::from_utf8_lossy(&output.stdout).split("\n\n") {
                let field = |name: &str| {
                    stanza
                        .lines()
                        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
                };
                let deb = || {
                    Some(Deb {
                        name: field("Package")
                            .filter(|name| wanted.contains(name))?
                            .to_owned(),
                        version: field("Version")?.to_owned(),
                        architecture: field("Architecture")?.to_owned(),
                        size: field("Size")?.parse().ok()?,
                        sha256: field("SHA256").filter(|hex| hex.len() == 64)?.to_owned(),
                    })
                };
                if let Some(deb) = deb() {
                    found.insert(deb.name.clone(), deb);
                }
            }
        }
        Ok(found)
    }

    /// These packages and all that they depend on, as apt would install them on an empty machine;
    /// sorted. What is only recommended is left out.
    pub fn with_dependencies(&self, names: &[String]) -> Result<Vec<String>> {
        let doing = "resolve the dependencies of packages";
        let mut install = self.apt("apt-get");
        install
            .args(["-q", "install", "--simulate", "--no-install-recommends"])
            .args(names);
        let output = run(&mut install, doing)?.stdout;
        let names = installed(&String::from_utf8_lossy(&output));
        if names.is_empty() {
            return Err(Error::new(doing, "apt would install nothing"));
        }
        Ok(names)
    }

    /// The file that [`Archive::download`] makes.
    #[must_use]
    pub fn path(&self, deb: &Deb) -> PathBuf {
        self.debs.join(deb.file_name())
    }

    /// Downloads what is not in the cache, or damaged there. Returns what could not be had, each
    /// with the reason.
    #[must_use]
    pub fn download(&self, debs: &[Deb]) -> Vec<(Deb, String)> {
        let lacking = |debs: &[Deb]| -> Vec<Deb> {
            let whole = in_parallel(debs, |deb| self.is_whole(deb));
            debs.iter()
                .zip(whole)
                .filter(|(_, whole)| !whole)
                .map(|(deb, _)| deb.clone())
                .collect()
        };
        let mut left = lacking(debs);
        let mut reason = String::new();
        for size in BATCHES {
            for batch in left.chunks(size) {
                let mut download = self.apt("apt-get");
                download.args(["-q", "download"]).current_dir(&self.debs);
                for deb in batch {
                    // apt would take a damaged file for the right one.
                    let _ = fs::remove_file(self.path(deb));
                    download.arg(format!("{}={}", deb.name, deb.version));
                }
                if let Err(error) = run(&mut download, "download packages") {
                    reason = error.to_string();
                }
            }
            left = lacking(&left);
        }
        left.into_iter().map(|deb| (deb, reason.clone())).collect()
    }

    /// The original source of a package, as an archive. Needs [`Archive::open_sources`].
    pub fn source(&self, name: &str) -> Result<PathBuf> {
        let doing = format!("get the source of {name}");
        let io = |error| Error::new(&*doing, error);
        let directory = self.debs.with_file_name("sources").join(name);
        fs::create_dir_all(&directory).map_err(io)?;
        let mut get = self.apt("apt-get");
        get.args(["-q", "source", "--download-only", "--only-source", name])
            .current_dir(&directory);
        run(&mut get, &doing)?;
        let mut found = Vec::new();
        for entry in fs::read_dir(&directory).map_err(io)? {
            let path = entry.map_err(io)?.path();
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            if file.contains(".orig.tar.") && !file.ends_with(".asc") {
                found.push(path);
            }
        }
        // Of several versions, the newest by name: an older one is left from an earlier run.
        found.sort();
        found
            .pop()
            .ok_or_else(|| Error::new(&*doing, "apt-get has fetched no .orig.tar file"))
    }

    /// Whether the file is in the cache, with the size and hash of the index.
    fn is_whole(&self, deb: &Deb) -> bool {
        let path = self.path(deb);
        if fs::metadata(&path).map_or(true, |file| file.len() != deb.size) {
            return false;
        }
        let hash = || -> std::io::Result<String> {
            let (mut file, mut hasher) = (File::open(&path)?, Sha256::new());
            let mut buffer = vec![0; 1 << 16];
            loop {
                match file.read(&mut buffer)? {
                    0 => break,
                    length => hasher.update(&buffer[..length]),
                }
            }
            Ok(format!("{:x}", hasher.finalize()))
        };
        hash().is_ok_and(|hash| hash == deb.sha256)
    }

    /// Reads the index of all files in all packages, which is long: `line` is given each
    /// `path  section/package,section/package`. Needs [`Archive::open_with_contents`].
    pub fn contents(&self, mut line: impl FnMut(&str)) -> Result<()> {
        let doing = "read the archive's index of files";
        let mut list = self.apt("apt-get");
        list.args([
            "indextargets",
            "--format",
            "$(FILENAME)",
            "Created-By: Contents-deb",
        ]);
        let files = run(&mut list, doing)?.stdout;
        if files.is_empty() {
            return Err(Error::new(doing, "apt has fetched none"));
        }
        let mut cat = self.apt("/usr/lib/apt/apt-helper");
        cat.arg("cat-file")
            .args(String::from_utf8_lossy(&files).lines())
            .stdout(Stdio::piped());
        let mut reading = cat
            .spawn()
            .map_err(|error| crate::cannot_start(&cat, doing, &error))?;
        if let Some(output) = reading.stdout.take() {
            for text in BufReader::new(output).split(b'\n') {
                let text = text.map_err(|error| Error::new(doing, error))?;
                line(&String::from_utf8_lossy(&text));
            }
        }
        let status = reading.wait().map_err(|error| Error::new(doing, error))?;
        if status.success() {
            return Ok(());
        }
        Err(Error::new(doing, format!("apt-helper ended with {status}")))
    }
}

/// The packages in the lines `Inst NAME (VERSION …)` of a simulated installation.
fn installed(simulation: &str) -> Vec<String> {
    let mut names: Vec<String> = simulation
        .lines()
        .filter_map(|line| line.strip_prefix("Inst ")?.split_whitespace().next())
        .map(str::to_owned)
        .collect();
    names.sort();
    names.dedup();
    names
}

/// The configuration of the private apt. It is read before the machine's own, which it turns off.
fn settings(apt: &str, contents: bool) -> String {
    let mut text = format!(
        r#"Dir::Etc "{apt}/etc";
Dir::Etc::sourcelist "sources.list";
Dir::Etc::sourceparts "none.d";
Dir::Etc::parts "none.d";
Dir::Etc::main "none";
Dir::Etc::preferences "none";
Dir::Etc::preferencesparts "none.d";
Dir::Etc::trusted "none";
Dir::Etc::trustedparts "none.d";
Dir::Etc::netrc "/etc/apt/auth.conf";
Dir::Etc::netrcparts "/etc/apt/auth.conf.d";
Dir::State "{apt}/state";
Dir::State::status "{apt}/state/status";
Dir::Cache "{apt}/cache";
APT::Architecture "{ARCHITECTURE}";
APT::Architectures "{ARCHITECTURE}";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::PDiffs "false";
Acquire::Retries "3";
"#
    );
    if contents {
        text.push_str(
            r#"Acquire::IndexTargets::deb::Contents-deb {
  MetaKey "$(COMPONENT)/Contents-$(ARCHITECTURE)";
  ShortDescription "Contents-$(ARCHITECTURE)";
  Description "$(RELEASE)/$(COMPONENT) $(ARCHITECTURE) Contents (deb)";
  flatMetaKey "Contents-$(ARCHITECTURE)";
  flatDescription "$(RELEASE) Contents (deb)";
  PDiffs "false";
  KeepCompressed "true";
};
"#,
        );
    }
    text
}

/// What the machine's apt needs to reach the archive: proxies, certificates.
fn network_settings() -> Result<String> {
    let dump = run(
        Command::new("apt-config").arg("dump"),
        "read apt's configuration",
    )?
    .stdout;
    Ok(String::from_utf8_lossy(&dump)
        .lines()
        .filter(|line| {
            ["http", "https", "ftp"].iter().any(|scheme| {
                line.strip_prefix("Acquire::")
                    .and_then(|rest| rest.strip_prefix(scheme))
                    .is_some_and(|rest| rest.starts_with([':', ' ']))
            })
        })
        .fold(String::new(), |text, line| text + line + "\n"))
}

/// The address of Debian's archive, from the machine's own sources.
fn machine_archive() -> Result<String> {
    let doing = "find the address of Debian's archive";
    let codename = Ini::load_from_file_noescape("/etc/os-release")
        .map_err(|error| Error::new("read /etc/os-release", error))?
        .get_from(None::<&str>, "VERSION_CODENAME")
        .unwrap_or_default()
        .to_owned();
    let mut targets = Command::new("apt-get");
    targets.args(["indextargets", "--no-release-info", "--format"]);
    targets.args([
        "$(REPO_URI) $(RELEASE) $(COMPONENT)",
        "Created-By: Packages",
    ]);
    let output = run(&mut targets, doing)?.stdout;
    choose_archive(&String::from_utf8_lossy(&output), &codename).ok_or_else(|| {
        Error::new(doing, "the machine's apt sources do not name it")
            .help("add a source of Debian's main component to /etc/apt/sources.list.d")
    })
}

/// Of lines `URI SUITE COMPONENT`, the URI that is most likely Debian's own.
fn choose_archive(targets: &str, codename: &str) -> Option<String> {
    let suites = [
        SUITE,
        codename,
        "stable",
        "oldstable",
        "testing",
        "unstable",
        "sid",
    ];
    let fitting = |line: &str| -> Option<String> {
        let mut words = line.split_whitespace();
        let (uri, suite, component) = (words.next()?, words.next()?, words.next()?);
        (component == COMPONENT && !suite.is_empty() && suites.contains(&suite))
            .then(|| uri.to_owned())
    };
    let uris: Vec<String> = targets.lines().filter_map(fitting).collect();
    // Mirrors keep the archive's directory name; other people's archives rarely have it.
    uris.iter()
        .find(|uri| uri.trim_end_matches('/').ends_with("/debian"))
        .or(uris.first())
        .cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debian_is_told_from_other_archives() {
        let targets = "https://other.example/apt/ bookworm main\n\
             http://mirror.example/debian-security/ bookworm-security main\n\
             http://mirror.example/debian/ bookworm main\n";
        let found = choose_archive(targets, "bookworm");
        assert_eq!(found.as_deref(), Some("http://mirror.example/debian/"));
        assert_eq!(
            choose_archive("http://mirror.example/debian/ noble main\n", "bookworm"),
            None
        );
        assert_eq!(choose_archive("", "bookworm"), None);
    }

    #[test]
    fn what_apt_would_install_is_read_from_its_simulation() {
        let text = "Reading package lists...\n\
             Inst libc6 (2.41-12 Debian:13.1/stable [amd64]) []\n\
             Inst bash (5.2.37-2+b5 Debian:13.1/stable [amd64])\n\
             Conf libc6 (2.41-12 Debian:13.1/stable [amd64])\n";
        assert_eq!(installed(text), ["bash", "libc6"]);
        assert_eq!(installed(""), [] as [&str; 0]);
    }

    #[test]
    fn the_epoch_is_escaped_as_apt_does() {
        let deb = Deb {
            name: "x".into(),
            version: "1:2.0-1".into(),
            architecture: "all".into(),
            size: 0,
            sha256: String::new(),
        };
        assert_eq!(deb.file_name(), "x_1%3a2.0-1_all.deb");
    }
}
