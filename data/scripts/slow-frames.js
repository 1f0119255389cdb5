// The ten slowest frames: when each was, what it waited for and what it did, and what the main loop did meanwhile.
const MS = 1e6;
const round = (number) => Math.round(number * 100) / 100;
const PHASES = ["before_paint", "update", "layout", "paint", "after_paint", "resume_events"];

/** The phase that took most: each is told by its offset from the frame's begin. */
function longest(frame) {
  const begun = PHASES.filter((phase) => frame[phase] !== null);
  const took = begun.map((phase, i) => {
    const end = i + 1 < begun.length ? frame[begun[i + 1]] : frame.duration;
    return { phase, ms: round((end - frame[phase]) / MS) };
  });
  return took.sort((a, b) => b.ms - a.ms)[0] ?? null;
}

for (const frame of session.frames.slow(10)) {
  const asked = frame.time - (frame.wait ?? 0);
  const meanwhile = session.table("dispatches").where({ tid: frame.tid, from: asked, to: frame.time + frame.duration });
  emit({
    at: round(session.seconds(frame.time)),
    ms: round(frame.total / MS),
    waited: round((frame.wait ?? 0) / MS),
    longest: longest(frame),
    dispatches: meanwhile.top(3).map((one) => ({ callback: one.callback_name, ms: round(one.duration / MS) })),
  });
}
