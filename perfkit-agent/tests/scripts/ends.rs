//! How scripts end, and what comes out of them.

use perfkit_agent::server::script::Code;

use crate::{run, sandbox};

#[tokio::test(flavor = "multi_thread")]
async fn values_come_out_as_lines() {
    let sandbox = sandbox().await;
    for (source, expected) in [
        ("1 + 1", &["2"][..]),
        ("emit({ a: [1, null, 'x'] }); print('one', 2); undefined", &[r#"{"a":[1,null,"x"]}"#, r#""one 2""#]),
        ("let x = await Promise.resolve(5); x * 2", &["10"]),
        ("async function f() { return 7 } f()", &["7"]),
        ("'line\\nbreak'", &[r#""line\nbreak""#]),
        ("for (let i = 0; i < 3; i++) emit(i); null", &["0", "1", "2", "null"]),
        ("", &[]),
    ] {
        let (ended, lines) = run(&sandbox, source).await;
        ended.unwrap();
        assert_eq!(lines, expected, "{source}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_a_line_with_a_code_and_a_place() {
    let sandbox = sandbox().await;
    for (source, code, line, message) in [
        ("let a = 1;\nlet = ;", Code::Syntax, Some(2), "SyntaxError"),
        ("let a = 1;\n\na.b.c()", Code::Exception, Some(3), "TypeError"),
        ("JSON.parse('{')", Code::Exception, Some(1), "SyntaxError"),
        ("throw 5", Code::Exception, None, "it threw 5"),
        ("await new Promise(() => {})", Code::Exception, None, "it awaits something that never comes"),
        ("function f() { f() }\nf()", Code::Exception, Some(1), "Maximum call stack"),
    ] {
        let (ended, _) = run(&sandbox, source).await;
        let error = ended.unwrap_err();
        assert_eq!((error.code, error.line), (code, line), "{source}: {error:?}");
        assert!(error.message.contains(message) && !error.to_string().contains('\n'), "{source}: {error:?}");
    }
}
