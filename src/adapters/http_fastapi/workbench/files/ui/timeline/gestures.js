/** Moves and zooms a TimeWindow by wheel, pointer, touch and keys. */

const LEAST = 4; // px, less of which is no drag but a click
const STEP = 0.2; // of what is in sight, by an arrow key
const ZOOM = 1.4;

/** `left()` is where the plot begins, in px from the left of `area`. */
export function gestures(area, time, left) {
  const place = (clientX) => (clientX - area.getBoundingClientRect().left - left()) / time.width;
  keys(area, time);
  wheel(area, time, place);
  dragging(area, time, place);
}

function keys(area, time) {
  const acts = {
    ArrowLeft: () => time.move(-STEP),
    ArrowRight: () => time.move(STEP),
    "+": () => time.zoom(1 / ZOOM),
    "=": () => time.zoom(1 / ZOOM),
    "-": () => time.zoom(ZOOM),
  };
  area.addEventListener("keydown", (event) => {
    const act = !event.ctrlKey && !event.metaKey && !event.altKey && acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}

/** With ctrl, as a pinch on a touchpad is told, the wheel zooms; sideways it moves; up and down it scrolls. */
function wheel(area, time, place) {
  area.addEventListener(
    "wheel",
    (event) => {
      const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
      if (event.ctrlKey || event.metaKey) time.zoom(Math.exp(Math.max(-300, Math.min(300, event.deltaY)) / 300), place(event.clientX));
      else if (event.shiftKey || Math.abs(sideways) > Math.abs(event.deltaY)) time.move(sideways / time.width);
      else return;
      event.preventDefault();
    },
    { passive: false },
  );
}

/** One pointer moves, two zoom. A click on a link stays a click. */
function dragging(area, time, place) {
  const pointers = new Map(); // the last events, by pointer
  let dragged = false;
  area.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.target.closest(".timeline-name")) return;
    if (!pointers.size) dragged = false;
    pointers.set(event.pointerId, event);
  });
  area.addEventListener("pointermove", (event) => {
    if (!event.buttons) pointers.delete(event.pointerId); // it was released elsewhere
    const last = pointers.get(event.pointerId);
    if (!last || (!dragged && Math.abs(event.clientX - last.clientX) < LEAST)) return;
    if (!dragged) area.setPointerCapture(event.pointerId);
    dragged = true;
    const other = [...pointers.values()].find((each) => each.pointerId !== event.pointerId);
    if (other) {
      const [old, now] = [last, event].map((each) => Math.abs(each.clientX - other.clientX));
      if (old > 10 && now > 10) time.zoom(old / now, place((event.clientX + other.clientX) / 2));
    } else time.move((last.clientX - event.clientX) / time.width);
    pointers.set(event.pointerId, event);
  });
  for (const end of ["pointerup", "pointercancel"]) area.addEventListener(end, (event) => pointers.delete(event.pointerId));
  area.addEventListener("click", (event) => dragged && event.detail > 0 && !event.target.closest(".timeline-name") && event.preventDefault(), true); // keys click too
  area.addEventListener("dragstart", (event) => event.preventDefault());
}
