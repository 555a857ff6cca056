/** The preview page: one query as shoppers of several segments would see it, before it is so. */

import "./preview.css";
import { render } from "preact";
import { useState } from "preact/hooks";
import { Notice } from "../notice.jsx";
import { installTheme } from "../theme.js";
import { AdminKeyForm } from "./admin-key-form.jsx";
import { Admin } from "./admin.js";
import { Workbench } from "./workbench.jsx";

const EMPTY = "There is no index yet. Build one with “searchsvc reindex”.";

function Page({ wanted }) {
  const [opened, setOpened] = useState(null);
  const open = async (index, admin, indexes) => {
    setOpened({ index, admin, indexes, published: await admin.segments(index) });
  };
  const enter = async (key) => {
    const admin = new Admin(key);
    const indexes = await admin.indexes();
    if (indexes.length === 0) throw new Error(EMPTY);
    await open(indexes.includes(wanted) ? wanted : indexes[0], admin, indexes);
  };
  if (!opened) return <AdminKeyForm open={enter} />;
  const { index, admin, indexes, published } = opened;
  return (
    <Workbench
      key={`${index} ${published.version}`}
      admin={admin}
      index={index}
      indexes={indexes}
      published={published}
      change={(name) => open(name, admin, indexes)}
    />
  );
}

installTheme(document.getElementById("theme"));
render(<Page wanted={new URLSearchParams(location.search).get("index")} />, document.getElementById("main"));
