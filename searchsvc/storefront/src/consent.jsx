/** The switch by which a shopper agrees to be remembered, and may change their mind. */

import { render } from "preact";
import { Forgotten } from "./forgotten.jsx";

/**
 * Puts the switch on the page.
 *
 * @param {object} context of the page.
 */
export function installConsent({ search, visitor, events, choices, part }) {
  let forgotten = []; // numbers, until they are dismissed or the page is left
  const show = () => {
    const meaning = meaningOf(visitor, choices.shopper, forgotten.length > 0);
    render(<Consent agreed={visitor.agreed} meaning={meaning} change={change} learnMore={learnMore} />, part("consent"));
    render(<Forgotten numbers={forgotten} dismiss={dismiss} />, part("forgotten"));
  };
  const change = (agreed) => {
    if (agreed) {
      visitor.agree();
    } else {
      forgotten = [...forgotten, visitor.token];
      visitor.withdraw();
      events.forget();
    }
    show();
    choices.renew();
  };
  const dismiss = (number) => {
    forgotten = forgotten.filter((other) => other !== number);
    show();
    part("consent").querySelector("input").focus(); // where the number came from
  };
  const note = part("privacy");
  const learnMore = () => {
    part("number").textContent = visitor.agreed ? `Your number is ${visitor.token}.` : "";
    note.showModal();
  };
  note.addEventListener("click", (event) => event.target === note && note.close());
  note.querySelector("button").addEventListener("click", () => note.close());
  visitor.watch(() => {
    show();
    choices.renew();
  });
  search.on("render", show); // as a segment, the switch means something else
  show();
}

function Consent({ agreed, meaning, change, learnMore }) {
  return (
    <>
      <label class="switch">
        <input
          type="checkbox"
          role="switch"
          aria-describedby="consent-means"
          checked={agreed}
          onChange={(event) => change(event.target.checked)}
        />
        <span class="knob" aria-hidden="true" />
        Personalize my results
      </label>
      <p class="muted small">
        <span id="consent-means" role="status">{meaning}</span>{" "}
        <button class="link" type="button" onClick={learnMore}>Privacy</button>
      </p>
    </>
  );
}

function meaningOf({ agreed }, shopper, before) {
  if (agreed && shopper) return "On, but not while you see the page as somebody else: nothing that you do is sent or stored.";
  if (agreed) return "On: what you search for, open and buy here is kept under a random number, and puts what you like first.";
  const nothing = before ? "nothing more about you" : "nothing about you";
  return `Off: ${nothing} is sent or stored by the shop; recent searches stay in this browser.`;
}
