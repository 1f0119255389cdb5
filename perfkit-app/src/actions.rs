//! Every action of a window, its keys, and what it is called in the shortcuts window: one table.
//!
//! `app.` actions are the program's, `win.` ones the window's, `doc.` ones work on the open session and so on every
//! page at once. Keys without a modifier are only taken where no text is being typed.

use crate::wording::marked;

/// An action with keys.
#[derive(Clone, Copy, Debug)]
pub struct Action {
    /// Its detailed name.
    pub name: &'static str,
    /// Its keys.
    pub keys: &'static [&'static str],
    /// What it does, to be translated.
    pub title: &'static str,
    /// Under which heading it stands, to be translated.
    pub group: &'static str,
}

const GENERAL: &str = marked("General");
const VIEW: &str = marked("Time and Selection");
const PLAY: &str = marked("Playing");

/// Every action with keys.
pub const ACTIONS: &[Action] = &[
    Action { name: "win.new-recording", keys: &["<Control>n"], title: "New recording", group: GENERAL },
    Action { name: "app.new-window", keys: &["<Control><Shift>n"], title: "New window", group: GENERAL },
    Action { name: "win.attach", keys: &["<Control><Shift>a"], title: "Attach to a process", group: GENERAL },
    Action { name: "win.open", keys: &["<Control>o"], title: "Open a file", group: GENERAL },
    Action { name: "win.save-as", keys: &["<Control>s"], title: "Save the session as", group: GENERAL },
    Action { name: "win.export", keys: &["<Control>e"], title: "Export for other tools", group: GENERAL },
    Action { name: "win.search", keys: &["<Control>f"], title: "Search", group: GENERAL },
    Action { name: "win.undo", keys: &["<Control>z"], title: "Undo what was removed", group: GENERAL },
    Action { name: "win.toggle-pane", keys: &["F9"], title: "Show or hide the side pane", group: GENERAL },
    Action { name: "win.menu", keys: &["F10"], title: "Menu", group: GENERAL },
    Action { name: "win.fullscreen", keys: &["F11"], title: "Full screen", group: GENERAL },
    Action { name: "win.help", keys: &["F1"], title: "Help", group: GENERAL },
    Action { name: "win.show-shortcuts", keys: &["<Control>question"], title: "Keyboard shortcuts", group: GENERAL },
    Action { name: "win.preferences", keys: &["<Control>comma"], title: "Preferences", group: GENERAL },
    Action { name: "win.close", keys: &["<Control>w"], title: "Close the window", group: GENERAL },
    Action { name: "app.quit", keys: &["<Control>q"], title: "Quit", group: GENERAL },
    Action {
        name: "doc.zoom-in",
        keys: &["<Control>plus", "<Control>equal", "<Control>KP_Add"],
        title: "Zoom in",
        group: VIEW,
    },
    Action { name: "doc.zoom-out", keys: &["<Control>minus", "<Control>KP_Subtract"], title: "Zoom out", group: VIEW },
    Action { name: "doc.zoom-all", keys: &["<Control>0", "<Control>KP_0"], title: "Show everything", group: VIEW },
    Action { name: "doc.zoom-selection", keys: &["<Control>9"], title: "Zoom to the selection", group: VIEW },
    Action { name: "doc.pan(-0.1)", keys: &["Left"], title: "Move left", group: VIEW },
    Action { name: "doc.pan(0.1)", keys: &["Right"], title: "Move right", group: VIEW },
    Action { name: "doc.first", keys: &["Home"], title: "Go to the begin", group: VIEW },
    Action { name: "doc.last", keys: &["End"], title: "Go to the end", group: VIEW },
    Action { name: "doc.next-slow", keys: &["n"], title: "Next slow frame", group: VIEW },
    Action { name: "doc.previous-slow", keys: &["p"], title: "Previous slow frame", group: VIEW },
    Action { name: "doc.clear-selection", keys: &["Escape"], title: "Clear the selection", group: VIEW },
    Action { name: "doc.bookmark", keys: &["<Control>d"], title: "Bookmark this moment", group: VIEW },
    Action { name: "doc.play", keys: &["space"], title: "Play or pause", group: PLAY },
    Action { name: "doc.slower", keys: &["bracketleft"], title: "Play more slowly", group: PLAY },
    Action { name: "doc.faster", keys: &["bracketright"], title: "Play faster", group: PLAY },
    Action { name: "doc.next-exposure", keys: &["period"], title: "Next exposure", group: PLAY },
    Action { name: "doc.previous-exposure", keys: &["comma"], title: "Previous exposure", group: PLAY },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things() {
        let mut keys: Vec<&str> = ACTIONS.iter().flat_map(|action| action.keys).copied().collect();
        let all = keys.len();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), all);
    }
}
