(function (call, emit) {
  "use strict";
  const { stringify } = JSON;
  const { freeze, defineProperty } = Object;
  const line = (value) => stringify(value) ?? "null";
  const ask = (name, ...rest) => call(name, stringify(rest))[0];
  const session = freeze({
    get info() { return ask("info"); },
    series: () => ask("series"),
    names: (prefix = "", dots = null, limit = null) => ask("names", prefix, dots, limit),
    sql: (text, parameters = null) => ask("sql", text, parameters),
  });
  const globals = {
    emit: (value) => emit(line(value)),
    print: (...values) => emit(line(values.map(String).join(" "))),
    session,
  };
  for (const name of Object.keys(globals)) {
    defineProperty(globalThis, name, { value: freeze(globals[name]), enumerable: true });
  }
})
