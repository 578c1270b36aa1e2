// What a walkie-talkie is made of: its parts, before anything is written on them, and its style.

import { EMOJI } from "./emoji.js";

export const style = new CSSStyleSheet();
style.replaceSync(":host { visibility: hidden }"); // until its own style is there
fetch(new URL("walkie-talkie.css", import.meta.url))
  .then(async (answer) => style.replace(await answer.text()))
  .catch(() => style.replace("")); // the club has gone to sleep just now

export const template = document.createElement("template");
template.innerHTML = `
  <article>
    <div class="antenna"></div>
    <header>
      <span class="who"></span>
      <input class="name" maxlength="40" autocomplete="off" spellcheck="false" aria-label="Name of this friend" placeholder="Your nickname">
      <label class="room" hidden>in <i class="padlock" role="img" aria-label="secret" hidden></i><input maxlength="20" autocomplete="off" spellcheck="false" aria-label="Room" placeholder="chat"></label>
      <span class="role">news</span>
      <span class="lamp" role="status"><i></i><span></span></span>
    </header>
    <div class="grille"></div>
    <div class="screen">
      <svg class="board" viewBox="0 0 300 200" tabindex="0" role="application" hidden
        aria-label="Drawing board. Arrow keys move the pen, Space puts it down and lifts it."></svg>
      <div class="talk" tabindex="0"><div class="log" role="log"></div><p class="words"></p></div>
      <ul class="timers" aria-label="Reminders to come"></ul>
      <p class="hint" role="alert"></p>
      <p class="typing"></p>
      <div class="rain" aria-hidden="true"></div>
      <form class="knock" hidden>
        <i class="padlock"></i>
        <input name="password" type="password" autocomplete="off" aria-label="Password">
        <button>Say it</button>
      </form>
      <div class="bar" hidden>
        ${Object.entries(EMOJI)
          .map(([emoji, name]) => `<button type="button" class="emoji" aria-label="Emoji: ${name}">${emoji}</button>`)
          .join("")}
        <button type="button" class="draw" aria-pressed="false">Draw</button>
        <select class="to" aria-label="Who hears it"></select>
      </div>
      <form class="remind" hidden>
        <input name="message" value="pizza" required autocomplete="off" aria-label="Remind me of">
        <label>in <input name="seconds" type="number" value="10" min="1" max="3600" required aria-label="Seconds"> s</label>
        <button>Remind me</button>
      </form>
    </div>
    <form class="say">
      <input class="message" autocomplete="off">
      <button>Send</button>
    </form>
    <footer><button type="button" class="power"></button><button type="button" class="sleep" hidden></button><slot></slot></footer>
  </article>`;
