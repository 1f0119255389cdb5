// What a script finds: SCRIPTS.md describes it. Everything here was taken before the script could change it, and what
// the script gets is frozen.
(function (call, emit) {
  "use strict";
  const { stringify } = JSON;
  const { freeze, defineProperty, getOwnPropertyDescriptor: descriptor, keys } = Object;
  const { apply } = Reflect;
  const text = String;
  const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  const push = (list, value) => defineProperty(list, list.length, { value, writable: true, enumerable: true, configurable: true });
  const { sort } = Array.prototype;

  const line = (value) => stringify(value) ?? "null";
  const ask = (name, ...rest) => call(name, line(rest));
  /** Rows as objects. */
  const objects = ({ names, rows }) => {
    const all = [];
    for (const row of rows) {
      const object = {};
      for (let i = 0; i < names.length; i++) object[names[i]] = row[i];
      push(all, object);
    }
    return all;
  };
  /** Rows that are fetched at once where a function of the script chooses among them. */
  const PAGE = 20000;

  /** `percentile` of numbers that a function of the script has chosen: the nearest rank. */
  function percentile(numbers, percent) {
    if (!(percent >= 0 && percent <= 100)) throw new RangeError("percentile() wants a number from 0 to 100");
    apply(sort, numbers, [compare]);
    const rank = Math.ceil((percent / 100) * numbers.length);
    return numbers[(rank > 1 ? rank : 1) - 1] ?? null;
  }

  function histogram([{ from, to, width }, counts]) {
    return { from, to, width, counts };
  }

  /** Rows of a table: chosen step by step, and read when something is asked about them. */
  class Rows {
    #of;
    #chosen;
    #tests;
    constructor(of, chosen, tests) {
      this.#of = of;
      this.#chosen = chosen;
      this.#tests = tests;
      freeze(this);
    }
    #with(changed) {
      return new Rows(this.#of, { ...this.#chosen, ...changed }, this.#tests);
    }
    #ask(what, ...rest) {
      return this.#of("rows", this.#chosen, what, ...rest);
    }
    where(condition) {
      if (this.#chosen.limit !== undefined) throw new TypeError("where() comes before limit()");
      if (typeof condition === "function") return new Rows(this.#of, this.#chosen, [...this.#tests, condition]);
      return this.#with({ where: [...this.#chosen.where, condition] });
    }
    between(from, to) {
      return this.where({ from, to });
    }
    orderBy(order, direction = "asc") {
      return this.#with({ order, descending: direction === "desc" });
    }
    limit(limit) {
      return this.#with({ limit });
    }
    count() {
      return this.#tests.length ? this.toArray(Infinity).length : this.#ask("count")[0];
    }
    #numbers(field) {
      const numbers = [];
      for (const row of this.toArray(Infinity)) if (typeof row[field] === "number") push(numbers, row[field]);
      return numbers;
    }
    sum(field = "duration") {
      if (!this.#tests.length) return this.#ask("sum", field)[0] ?? 0;
      let sum = 0;
      for (const number of this.#numbers(field)) sum += number;
      return sum;
    }
    mean(field = "duration") {
      if (!this.#tests.length) return this.#ask("mean", field)[0];
      const numbers = this.#numbers(field);
      let sum = 0;
      for (const number of numbers) sum += number;
      return numbers.length ? sum / numbers.length : null;
    }
    min(field = "duration") {
      return this.#tests.length ? percentile(this.#numbers(field), 0) : this.#ask("min", field)[0];
    }
    max(field = "duration") {
      return this.#tests.length ? percentile(this.#numbers(field), 100) : this.#ask("max", field)[0];
    }
    percentile(percent, field = "duration") {
      return this.#tests.length
        ? percentile(this.#numbers(field), percent)
        : this.#ask("percentile", field, percent)[0];
    }
    histogram(field = "duration", bins = null) {
      if (this.#tests.length) throw new TypeError("histogram() is for rows that no function chooses");
      return histogram(this.#ask("histogram", field, bins));
    }
    groupBy(field, measure = null) {
      if (!this.#tests.length) return this.#ask("groups", field, measure)[0];
      const groups = new Map();
      for (const row of this.toArray(Infinity)) {
        const key = row[field];
        const group = groups.get(key) ?? { key, count: 0, sum: 0, max: null };
        const number = measure === null ? 0 : row[measure] ?? 0;
        group.count += 1;
        group.sum += number;
        if (group.max === null || number > group.max) group.max = number;
        groups.set(key, group);
      }
      const all = [];
      for (const group of groups.values()) {
        const { key, count, sum, max } = group;
        push(all, measure === null ? { key, count } : { key, count, mean: sum / count, sum, max });
      }
      return apply(sort, all, [(a, b) => compare(b.sum, a.sum) || compare(b.count, a.count)]);
    }
    top(count = 10, field = "duration") {
      return this.orderBy(field, "desc").toArray(count);
    }
    slow(count = 10) {
      return this.top(count, this.#chosen.table === "frames" ? "total" : "duration");
    }
    first() {
      return this.toArray(1)[0] ?? null;
    }
    toArray(limit = 1000) {
      const { limit: most = Infinity } = this.#chosen;
      const wanted = limit < most ? limit : most;
      const all = [];
      for (let offset = 0; all.length < wanted; offset += PAGE) {
        const left = wanted - all.length;
        const page = this.#tests.length || left > PAGE ? PAGE : left;
        const rows = objects(this.#of("rows", { ...this.#chosen, limit: page, offset }, "list")[0]);
        next: for (const row of rows) {
          for (const test of this.#tests) if (!test(row)) continue next;
          if (all.length < wanted) push(all, row);
        }
        if (rows.length < page) break;
      }
      return all;
    }
    columns(...fields) {
      if (this.#tests.length) throw new TypeError("columns() is for rows that no function chooses");
      const answer = this.#ask("columns", fields);
      const columns = answer[0];
      for (const name of keys(columns)) if (typeof columns[name] === "number") columns[name] = answer[columns[name]];
      return columns;
    }
    *[Symbol.iterator]() {
      yield* this.toArray(Infinity);
    }
    toJSON() {
      return this.toArray();
    }
  }

  /** Readings of a counter or a gauge, and of all whose names lie below its name. */
  class Counter {
    #of;
    #chosen;
    constructor(of, chosen) {
      this.#of = of;
      this.#chosen = chosen;
      freeze(this);
    }
    #with(changed) {
      return new Counter(this.#of, { ...this.#chosen, ...changed });
    }
    #ask(what, ...rest) {
      return this.#of("counter", this.#chosen, what, ...rest);
    }
    #stat(name) {
      return this.stats()[name];
    }
    between(from, to) {
      return this.#with({ from, to });
    }
    of(pid) {
      return this.#with({ pid });
    }
    raw() {
      return this.#with({ raw: true });
    }
    mean() { return this.#stat("mean"); }
    min() { return this.#stat("min"); }
    max() { return this.#stat("max"); }
    sum() { return this.#stat("sum"); }
    first() { return this.#stat("first"); }
    last() { return this.#stat("last"); }
    rate() { return this.#stat("rate"); }
    count() { return this.#stat("count"); }
    stats() {
      return this.#ask("stats")[0];
    }
    percentile(percent) {
      return this.#ask("percentile", percent)[0];
    }
    histogram(bins = null) {
      return histogram(this.#ask("histogram", bins));
    }
    get values() {
      const [tracks, times, values, track] = this.#ask("values");
      return { times, values, track, tracks };
    }
    toJSON() {
      return this.stats();
    }
  }

  /** An object that stays as it is, and its methods, too. */
  const fixed = (object) => {
    for (const name of keys(object)) {
      const made = descriptor(object, name).value;
      if (typeof made === "function") freeze(made);
    }
    return freeze(object);
  };

  /** A session, which `of` asks. */
  const made = (of) => {
    let begin = null;
    const value = (name, ...rest) => of(name, ...rest)[0];
    const origin = () => (begin ??= value("info").origin);
    const table = (name) => new Rows(of, { table: name, where: [] }, []);
    return fixed({
      get info() { return value("info"); },
      get frames() { return table("frames"); },
      get events() { return table("events"); },
      table,
      counters: (name, { pid } = {}) => new Counter(of, { name, pid }),
      series: () => value("series"),
      names: (prefix = "", dots = null, limit = null) => value("names", prefix, dots, limit),
      sql: (statement, parameters = null) => objects(value("sql", statement, parameters)),
      analysis: (place = {}) => value("analysis", place),
      seconds: (time) => (time - origin()) / 1e9,
      at: (seconds) => origin() + seconds * 1e9,
    });
  };
  const globals = {
    emit: (value) => emit(line(value)),
    print: (...values) => {
      let words = "";
      for (let i = 0; i < values.length; i++) words += (i ? " " : "") + text(values[i]);
      emit(line(words));
    },
    session: made(ask),
    sessions: fixed({
      list: () => ask("sessions")[0],
      open: (name) => made((question, ...rest) => ask("of", text(name), question, ...rest)),
    }),
    agent: fixed({
      get now() { return ask("now")[0]; },
      get metrics() { return ask("metrics")[0]; },
      get recordings() { return ask("recordings")[0]; },
    }),
  };
  for (const shape of [Rows, Counter]) freeze(shape) && freeze(shape.prototype);
  for (const name of keys(globals)) {
    defineProperty(globalThis, name, { value: freeze(globals[name]), enumerable: true });
  }
})
