/** The preview page: one query as shoppers of several segments would see it, before it is so. */

import "./preview.css";
import { render } from "preact";
import { useState } from "preact/hooks";
import { Notice } from "../notice.jsx";
import { listIndexes } from "../service.js";
import { installTheme } from "../theme.js";
import { Admin } from "./admin.js";
import { KeyForm } from "./key-form.jsx";
import { Workbench } from "./workbench.jsx";

const place = document.getElementById("main");

function Page({ indexes, wanted }) {
  const [index, choose] = useState(wanted);
  const [admin, enter] = useState(null);
  const [published, setPublished] = useState(null);
  const open = async (name, opener) => {
    setPublished(await opener.segments(name));
    choose(name);
    enter(opener);
  };
  if (!published) return <KeyForm open={(key) => open(index, new Admin(key))} />;
  return (
    <Workbench
      key={`${index} ${published.version}`}
      admin={admin}
      index={index}
      indexes={indexes}
      published={published}
      change={(name) => open(name, admin)}
    />
  );
}

async function main() {
  installTheme(document.getElementById("theme"));
  const served = (await listIndexes()).filter(({ generation }) => generation !== null).map(({ index }) => index);
  if (served.length === 0) return render(<Notice message="There is no index yet. Build one with “searchsvc reindex”." />, place);
  const asked = new URLSearchParams(location.search).get("index");
  render(<Page indexes={served} wanted={served.includes(asked) ? asked : served[0]} />, place);
}

main().catch((error) => render(<Notice message={`The page cannot start: ${error.message}`} retry={() => location.reload()} />, place));
