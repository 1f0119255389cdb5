//! The report's page as a browser shows it: of a real session whose program tries to put tags into it.

use std::path::PathBuf;
use std::process::Command;

use perfkit_tests::browser::{Page, View};
use perfkit_tests::process::run;
use perfkit_tests::programs::compiled;
use perfkit_tests::{App, Display, Launch, bins, wait};
use serde_json::{Value, json};

/// A window's title, and an argument, of somebody who wishes the reader ill.
const TITLE: &str = "<script>alert('title')</script><img src=\"http://example.invalid/x\">";
/// A usual laptop's window.
const LAPTOP: View = View { size: (1280, 800), dark: false };

/// Records planted faults, and makes the page.
fn page(display: &Display) -> PathBuf {
    let program = compiled("gtk4-faults", &["gtk4"]).unwrap();
    let sources = "gdkrecord:widgets=on,perf:cpu+offcpu+syscalls,counters";
    let mut app = App::spawn(display, &Launch::new(program).arg("1").arg(TITLE).sources(sources)).unwrap();
    app.window = app.find_window().unwrap();
    let at = app.window.geometry(display).unwrap();
    wait::until("click", || app.stdout().contains("click").then_some(())).unwrap();
    app.pointer().to(at.x + 400, at.y + 400).pause(100).click(1).play().unwrap();
    wait::until("planted", || app.stdout().contains("planted").then_some(())).unwrap();
    app.close().unwrap();
    let page = app.recording().with_extension("html");
    let mut report = Command::new(bins::path(bins::AGENT).unwrap());
    run(report.arg("report").arg(app.recording()).args(["--format", "html", "-o"]).arg(&page)).unwrap();
    page
}

/// Labels that are wider or higher than what they are on, and figures with nothing in them.
const UGLY: &str = r#"(() => {
  const found = [];
  for (const text of document.querySelectorAll(".map text, .time g g text")) {
    const label = text.getBBox(), box = text.parentNode.querySelector("rect").getBBox();
    if (label.width === 0) continue;
    const inside = label.x >= box.x - 1 && label.x + label.width <= box.x + box.width + 1 && label.height <= box.height + 6;
    if (!inside) found.push(text.textContent);
  }
  for (const svg of document.querySelectorAll("svg"))
    if (svg.querySelectorAll("rect, circle").length < 2) found.push(svg.getAttribute("aria-label"));
  if (document.documentElement.scrollWidth > innerWidth) {
    const wide = Array.from(document.querySelectorAll("main *, header *, footer *")).find(element =>
      element.getBoundingClientRect().right > innerWidth && !element.closest("figure, .wide"));
    found.push("wider than the window: " + (wide || document.body).outerHTML.slice(0, 200));
  }
  return found;
})()"#;

#[test]
fn the_page_shows_its_verdict_first_and_nothing_that_a_title_wants() {
    let display = Display::start().unwrap();
    let file = page(&display);
    let mut page = Page::open(&file, LAPTOP).unwrap();
    let mut ask = |script: &str| page.ask(script).unwrap();

    // The first screen has the verdict and its numbers.
    let verdict = ask("(() => { const at = document.getElementById('verdict').getBoundingClientRect(); \
                       return [at.top, at.bottom, document.querySelector('#verdict h2').textContent] })()");
    assert!(verdict[0].as_f64() >= Some(0.0) && verdict[1].as_f64() <= Some(800.0), "{verdict}");
    assert!(verdict[2].as_str().unwrap().contains("took longer than their budget"), "{verdict}");

    // The title is there as text, and is neither script nor picture.
    assert_eq!(ask("document.scripts.length"), json!(1));
    assert_eq!(ask("document.images.length"), json!(0));
    let text = ask("document.body.innerText");
    assert!(text.as_str().unwrap().contains(TITLE), "{text}");

    // All parts are there.
    for part in ["causes", "strip", "worst", "latency", "costs", "widgets", "functions", "repaint", "frames", "session"]
    {
        assert_eq!(ask(&format!("!!document.getElementById('{part}')")), json!(true), "{part}");
    }
    assert_eq!(ask(UGLY), json!([]));

    // A table sorts by its head, with the keyboard; a bar of the strip opens its frame.
    let sorted =
        ask("(() => { const head = document.querySelector('#callbacks ~ div th:nth-child(4) button'); head.focus(); \
                      head.click(); const rows = head.closest('table').tBodies[0].rows; \
                      return Array.from(rows, row => Number(row.cells[3].dataset.v)) })()");
    let counts: Vec<f64> = sorted.as_array().unwrap().iter().filter_map(Value::as_f64).collect();
    assert!(counts.len() > 1 && counts.windows(2).all(|two| two[0] >= two[1]), "{counts:?}");
    let opened = ask("new Promise(done => { const all = document.querySelectorAll('details[id^=frame]'); \
                      location.hash = all[all.length - 1].id; \
                      addEventListener('hashchange', () => setTimeout(() => done(all[all.length - 1].open))) })");
    assert_eq!(opened, json!(true));

    // A treemap shows the measure that is chosen, and no other.
    let shown = "Array.from(document.querySelectorAll('#windows + .maps figure'), map => map.clientHeight > 0)";
    assert_eq!(ask(shown), json!([true, false, false]));
    assert_eq!(ask("document.getElementById('windows-area').click()"), Value::Null);
    assert_eq!(ask(shown), json!([false, true, false]));
    let area = ask("document.querySelectorAll('#windows + .maps figure')[1].textContent");
    assert!(area.as_str().unwrap().contains("changed"), "{area}");
    assert_eq!(ask(UGLY), json!([]));

    // Dark, and narrow.
    let colors = "[getComputedStyle(document.body).backgroundColor, \
                  getComputedStyle(document.querySelector('.plot text')).fill, \
                  getComputedStyle(document.querySelector('.map rect')).fill].join()";
    let light = page.ask(colors).unwrap();
    page.view(View { dark: true, ..LAPTOP }).unwrap();
    let dark = page.ask(colors).unwrap();
    for (light, dark) in light.as_str().unwrap().split("),").zip(dark.as_str().unwrap().split("),")) {
        assert_ne!(light, dark);
    }
    page.view(View { size: (420, 800), dark: true }).unwrap();
    assert_eq!(page.ask(UGLY).unwrap(), json!([]));

    assert_eq!(page.complaints(), Vec::<String>::new());
    let fetched = page.fetched();
    assert!(fetched.len() == 1 && fetched[0].ends_with("app.html"), "{fetched:?}");
}
