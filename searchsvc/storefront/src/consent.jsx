/** The switch by which a shopper agrees to be remembered, and may change their mind. */

import { render } from "preact";

/**
 * Puts the switch on the page.
 *
 * @param {object} context of the page.
 */
export function installConsent({ visitor, events, choices, part }) {
  let forgotten = null; // the number, until the page is left
  const show = () => {
    render(<Consent agreed={visitor.agreed} forgotten={forgotten} change={change} learnMore={learnMore} />, part("consent"));
  };
  const change = (agreed) => {
    if (agreed) {
      visitor.agree();
    } else {
      forgotten = visitor.token;
      visitor.withdraw();
      events.forget();
    }
    show();
    choices.renew();
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
  show();
}

function Consent({ agreed, forgotten, change, learnMore }) {
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
        <span id="consent-means" role="status">{meaning(agreed, forgotten)}</span>{" "}
        <button class="link" type="button" onClick={learnMore}>Privacy</button>
      </p>
    </>
  );
}

function meaning(agreed, forgotten) {
  if (agreed) return "On: what you open and buy here is kept under a random number, and puts what you like first.";
  if (forgotten) {
    return `Off: this browser has forgotten you. What the shop has kept of ${forgotten} it deletes when you tell it this number.`;
  }
  return "Off: nothing about you is kept or sent. On, what you like comes first.";
}
