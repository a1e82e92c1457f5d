// What a reader has done, kept in this browser alone.
"use strict"

const done = {
  // A page's name in the store, which is its place in the site.
  name: (address) => new URL(address).href.split(/[?#]/)[0].replace(__md_scope.href, ""),
  names: () => new Set(__md_get("done") ?? []),
  set(name, is) {
    const names = done.names()
    if (is) names.add(name)
    else names.delete(name)
    __md_set("done", [...names])
  },
}
