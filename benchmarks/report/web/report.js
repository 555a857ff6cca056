/* The page: a comparison for each collection. */

const collections = JSON.parse(document.getElementById("data").textContent);
document.querySelectorAll(".comparison").forEach((root, place) => {
  new Comparison(root, collections[place]);
});
