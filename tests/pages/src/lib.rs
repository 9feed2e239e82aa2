//! A browser without a window, driven by the Chrome `DevTools` protocol
//! (<https://chromedevtools.github.io/devtools-protocol/>).
//!
//! With `--remote-debugging-pipe` it speaks over two pipes, messages that end with a NUL: there is no
//! port that somebody else could use, or speak to.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;
use std::{fs, io};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// What keeps the browser from talking to anybody, and from asking anything.
const FLAGS: [&str; 12] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
];

/// A browser that says nothing for so long hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// Why the browser, or the page in it, did not do what it was told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It does not start.
    #[error(
        "cannot start chromium: {0}; install it as root with: apt-get update && apt-get install chromium"
    )]
    Start(io::Error),
    /// It went away.
    #[error("chromium ended while it was told to {0}")]
    Ended(String),
    /// It hangs.
    #[error("chromium does not answer when it is told to {0}")]
    Silent(String),
    /// It cannot be spoken to.
    #[error("cannot speak to chromium")]
    Pipe(#[from] io::Error),
    /// It refused.
    #[error("chromium refuses to {doing}: {why}")]
    Refused {
        /// The method of the protocol.
        doing: String,
        /// Its reason.
        why: String,
    },
    /// The script failed.
    #[error("the script fails: {0}")]
    Script(String),
}

/// A result of the browser's.
pub type Result<T> = std::result::Result<T, Error>;

/// A browser with one page.
#[derive(Debug)]
pub struct Browser {
    child: Child,
    input: ChildStdin,
    messages: Receiver<Vec<u8>>,
    session: Option<String>,
    last_id: u64,
    loaded: bool,
    problems: Vec<String>,
    // Removed last, when the browser has ended.
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts one with a new profile.
    pub fn start() -> Result<Self> {
        let profile = tempfile::tempdir()?;
        // The protocol's pipes are the descriptors 3 and 4.
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1"])
            .args(["sh", "chromium"])
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .env("HOME", profile.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(Error::Start)?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Error::Start(io::Error::other("it has no pipes")));
        };
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            for message in BufReader::new(output).split(0) {
                if message.is_ok_and(|message| sender.send(message).is_ok()) {
                    continue;
                }
                break;
            }
        });
        let mut browser = Self {
            child,
            input,
            messages,
            session: None,
            last_id: 0,
            loaded: false,
            problems: Vec::new(),
            _profile: profile,
        };
        let target = browser
            .call("Target.createTarget", &json!({ "url": "about:blank" }))
            .map_err(|error| match error {
                // The shell did not find it.
                Error::Ended(_) | Error::Pipe(_) => {
                    Error::Start(io::Error::other("it ended at once"))
                }
                other => other,
            })?;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = browser.call("Target.attachToTarget", &attach)?;
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), &json!({}))?;
        }
        Ok(browser)
    }

    /// What went wrong in the pages so far: errors and warnings on the console, exceptions, what the
    /// content security policy forbade, and requests to anything but files.
    #[must_use]
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// Opens a file and waits until it is loaded.
    pub fn open(&mut self, file: &Path) -> Result<()> {
        self.loaded = false;
        let url = format!("file://{}", file.display());
        let answer = self.call("Page.navigate", &json!({ "url": url }))?;
        if let Some(why) = answer["errorText"].as_str() {
            return Err(Error::Refused {
                doing: format!("open {url}"),
                why: why.to_owned(),
            });
        }
        while !self.loaded {
            let message = self.read("load a page")?;
            self.note(&message);
        }
        Ok(())
    }

    /// The size of the window.
    pub fn resize(&mut self, width: u32, height: u32) -> Result<()> {
        let metrics =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", &metrics)
            .map(drop)
    }

    /// What `prefers-color-scheme` is: light or dark.
    pub fn prefer(&mut self, scheme: &str) -> Result<()> {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.call("Emulation.setEmulatedMedia", &features).map(drop)
    }

    /// The value of an expression in the page.
    pub fn evaluate(&mut self, expression: &str) -> Result<Value> {
        let arguments =
            json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.call("Runtime.evaluate", &arguments)?;
        match answer.get("exceptionDetails") {
            Some(details) => Err(Error::Script(details.to_string())),
            None => Ok(answer["result"]["value"].clone()),
        }
    }

    /// Clicks in the middle of what the selector finds first, as somebody with a mouse does.
    pub fn click(&mut self, selector: &str) -> Result<()> {
        let selected = Value::from(selector);
        let place = self.evaluate(&format!(
            "(() => {{ const element = document.querySelector({selected}); \
             element.scrollIntoView({{ block: 'center' }}); \
             const box = element.getBoundingClientRect(); \
             return {{ x: box.x + box.width / 2, y: box.y + box.height / 2 }}; }})()"
        ))?;
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({
                "type": kind, "x": place["x"], "y": place["y"], "button": "left", "clickCount": 1,
            });
            self.call("Input.dispatchMouseEvent", &event)?;
        }
        Ok(())
    }

    /// Clicks on a text field and types into it in place of what it holds.
    pub fn enter(&mut self, selector: &str, text: &str) -> Result<()> {
        self.click(selector)?;
        self.evaluate("document.activeElement.select()")?;
        if text.is_empty() {
            for kind in ["keyDown", "keyUp"] {
                let key = json!({ "type": kind, "key": "Delete", "code": "Delete", "windowsVirtualKeyCode": 46 });
                self.call("Input.dispatchKeyEvent", &key)?;
            }
            return Ok(());
        }
        self.call("Input.insertText", &json!({ "text": text }))
            .map(drop)
    }

    /// Writes what the window shows, or the whole page, as a PNG file.
    pub fn screenshot(&mut self, file: &Path, whole: bool) -> Result<()> {
        let arguments = json!({ "format": "png", "captureBeyondViewport": whole });
        let answer = self.call("Page.captureScreenshot", &arguments)?;
        let data = answer["data"].as_str().unwrap_or_default();
        let image = STANDARD.decode(data).map_err(io::Error::other)?;
        fs::write(file, image)?;
        Ok(())
    }

    /// What somebody who does not see the page is told of it: role and name of each element.
    pub fn spoken(&mut self) -> Result<Vec<(String, String)>> {
        let tree = self.call("Accessibility.getFullAXTree", &json!({}))?;
        let nodes = tree["nodes"].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value["value"].as_str().unwrap_or_default().to_owned();
        Ok(nodes
            .iter()
            .filter(|node| node["ignored"] == false)
            .map(|node| (text(&node["role"]), text(&node["name"])))
            .collect())
    }

    fn call(&mut self, method: &str, parameters: &Value) -> Result<Value> {
        self.last_id += 1;
        let mut message = json!({ "id": self.last_id, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            message["sessionId"] = session.as_str().into();
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.input.write_all(&bytes)?;
        self.input.flush()?;
        loop {
            let mut message = self.read(method)?;
            if message["id"] != self.last_id {
                self.note(&message);
                continue;
            }
            return match message.get("error") {
                Some(error) => Err(Error::Refused {
                    doing: method.to_owned(),
                    why: error.to_string(),
                }),
                None => Ok(message["result"].take()),
            };
        }
    }

    fn read(&self, doing: &str) -> Result<Value> {
        let bytes = self.messages.recv_timeout(PATIENCE).map_err(|error| {
            let doing = doing.to_owned();
            match error {
                RecvTimeoutError::Timeout => Error::Silent(doing),
                RecvTimeoutError::Disconnected => Error::Ended(doing),
            }
        })?;
        serde_json::from_slice(&bytes).map_err(|error| io::Error::from(error).into())
    }

    /// Takes note of what the browser says by itself.
    fn note(&mut self, message: &Value) {
        let parameters = &message["params"];
        let problem = match message["method"].as_str().unwrap_or_default() {
            "Page.loadEventFired" => {
                self.loaded = true;
                return;
            }
            "Runtime.exceptionThrown" => parameters["exceptionDetails"].to_string(),
            "Runtime.consoleAPICalled" if parameters["type"] != "log" => parameters.to_string(),
            "Log.entryAdded" => parameters["entry"].to_string(),
            "Network.requestWillBeSent" => {
                let url = parameters["request"]["url"].as_str().unwrap_or_default();
                if url.starts_with("file:") || url.starts_with("data:") {
                    return;
                }
                format!("a request to {url}")
            }
            _ => return,
        };
        self.problems.push(problem);
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.session = None;
        // It ends its processes itself; if it does not answer, it is ended.
        let _ = self.call("Browser.close", &json!({}));
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
