// Gradio calls this with `element`, the page's part, and `server`, whose `look` answers in HTML.
const find = (name) => element.querySelector(name);
const canvas = find("canvas"), pen = canvas.getContext("2d"), camera = find("video");
const hint = find(".hint"), state = find(".state"), answers = find(".answers");
const WIDTH = 30, LARGEST = 16 * 2 ** 20;  // of the pen, in pixels of 400; bytes
const TRIES = 3, PAUSE = 400;  // where the server is busy; milliseconds
let strokes = [], stroke = null, finger = null, shown = null;  // finger: that draws the stroke

// One question at a time, and of those that wait the last one only: so drawing is never behind.
let asking = false, waiting = null, late = false;  // late: nobody wants the answer any more
async function ask(question, after) {
  if (asking) { waiting = [question, after]; return; }
  asking = true;
  let answer;
  try {
    answer = await answered(await question());
  } catch (error) {  // a folder, or a file that went away
    answer = '<p class="refused" role="alert">This cannot be read: drop a file.</p>';
  }
  asking = false;
  const next = waiting, unwanted = late;
  waiting = null;
  late = false;
  if (next) { ask(...next); return; }
  if (unwanted) return;
  answers.innerHTML = answer;
  if (after) after(!answers.querySelector(".refused"));
}
async function answered(question) {
  for (let left = TRIES; left > 0; left--) {
    try {
      return await server.look(question);
    } catch (error) {
      await new Promise((done) => setTimeout(done, PAUSE));
    }
  }
  return '<p class="refused" role="alert">No answer: the server has stopped, or is busy.</p>';
}

// Drawing
function wipe() {
  pen.fillStyle = "white";
  pen.fillRect(0, 0, canvas.width, canvas.height);
}
function line(points) {
  pen.lineWidth = WIDTH;
  pen.lineCap = pen.lineJoin = "round";
  pen.strokeStyle = "black";
  pen.beginPath();
  pen.moveTo(...points[0]);
  points.forEach((point) => pen.lineTo(...point));
  pen.stroke();
}
function draw() {
  wipe();
  strokes.forEach(line);
  hint.hidden = strokes.length > 0 || shown !== null;
}
function place(event) {
  const box = canvas.getBoundingClientRect();
  const scale = canvas.width / box.width;
  return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
}
function read() {
  ask(() => ({ drawn: true, data: canvas.toDataURL("image/png").split(",")[1] }));
}
canvas.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || stroke !== null) return;  // a palm, or another finger
  event.preventDefault();
  canvas.setPointerCapture(event.pointerId);
  if (shown !== null) { shown = null; strokes = []; }
  state.textContent = "";
  stroke = [place(event)];
  finger = event.pointerId;
  strokes.push(stroke);
  draw();
  read();
});
canvas.addEventListener("pointermove", (event) => {
  if (stroke === null || event.pointerId !== finger) return;
  const events = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
  (events.length ? events : [event]).forEach((each) => stroke.push(place(each)));
  draw();
  read();
});
const lift = (event) => {
  if (stroke !== null && event.pointerId === finger) { stroke = null; read(); }
};
canvas.addEventListener("pointerup", lift);
canvas.addEventListener("pointercancel", lift);
function clear() {
  strokes = [];
  stroke = finger = shown = null;
  state.textContent = "";
  draw();
}
function empty() {
  waiting = null;
  clear();
  ask(() => null);
}
find(".clear").addEventListener("click", empty);
find(".undo").addEventListener("click", () => {
  if (shown !== null || strokes.length < 2) { empty(); return; }
  strokes.pop();
  draw();
  read();
});

// Pictures
function bytes(file) {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => failed(reader.error);
    reader.readAsDataURL(file);
  });
}
function refuse(text) {
  waiting = null;
  late = asking;
  const told = document.createElement("p");
  told.className = "refused";
  told.setAttribute("role", "alert");
  told.textContent = text;
  answers.replaceChildren(told);
}
function take(file) {
  if (!file) return;
  release();  // or the camera would stand before the picture
  clear();
  shown = file.name || "the picture";
  if (file.size > LARGEST) {
    refuse(`${shown} has over ${LARGEST / 2 ** 20} MiB; send a smaller picture`);
    return;
  }
  state.textContent = `Reading ${shown} …`;
  hint.hidden = true;
  const name = shown;
  ask(async () => ({ name, data: await bytes(file) }), (good) => {
    state.textContent = good ? name : "";
    if (good) show(file);
    else { shown = null; draw(); }
  });
}
async function show(file) {
  try {
    const picture = await createImageBitmap(file);
    const scale = Math.min(canvas.width / picture.width, canvas.height / picture.height);
    const width = picture.width * scale, height = picture.height * scale;
    wipe();
    pen.drawImage(picture, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
  } catch (error) {
    state.textContent += " (this browser cannot show it)";
  }
}
find(".choose input").addEventListener("change", (event) => {
  take(event.target.files[0]);
  event.target.value = "";
});
find(".choose").addEventListener("keydown", (event) => {
  if (event.key === "Enter" || event.key === " ") { event.preventDefault(); find(".choose input").click(); }
});
find(".telephone").addEventListener("change", (event) => {
  take(event.target.files[0]);
  event.target.value = "";
});
document.addEventListener("paste", (event) => take(event.clipboardData.files[0]));
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  take(event.dataTransfer.files[0]);
});

// The camera: of a telephone by its own program, of any other machine in the frame
const photograph = find(".photograph");
function release() {
  (camera.srcObject ? camera.srcObject.getTracks() : []).forEach((track) => track.stop());
  camera.srcObject = null;
  camera.hidden = true;
  photograph.textContent = "Photograph";
}
photograph.addEventListener("click", async () => {
  if (camera.srcObject) { snap(); return; }
  if (!navigator.mediaDevices || matchMedia("(pointer: coarse)").matches) {
    find(".telephone").click();
    return;
  }
  photograph.disabled = true;  // another click would open a second camera
  try {
    camera.srcObject = await navigator.mediaDevices.getUserMedia({ video: true });
  } catch (error) {
    refuse("There is no camera, or the browser may not use it.");
    return;
  } finally {
    photograph.disabled = false;
  }
  clear();
  hint.hidden = true;
  camera.hidden = false;
  photograph.textContent = "Take it";
  await camera.play().catch(() => {});  // let go of before it began
});
function snap() {
  const side = Math.min(camera.videoWidth, camera.videoHeight);
  const square = document.createElement("canvas");
  square.width = square.height = side;
  const left = (camera.videoWidth - side) / 2, top = (camera.videoHeight - side) / 2;
  square.getContext("2d").drawImage(camera, left, top, side, side, 0, 0, side, side);
  release();
  square.toBlob((blob) => take(new File([blob], "photograph.png", { type: "image/png" })));
}
for (const name of [".clear", ".undo", ".choose"]) find(name).addEventListener("click", release);
draw();
