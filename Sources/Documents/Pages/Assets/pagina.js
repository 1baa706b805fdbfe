// Search, the menu's Escape, copying and trying. What the pages say is readable without it. Nothing is stored: the token is the field's value.
"use strict";

const root = new URL(document.body.dataset.root || ".", document.baseURI);
document.documentElement.classList.add("scripted");

function element(name, properties = {}, ...children) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
}

// Search

const searched = { limit: 12, field: document.getElementById("busca"), list: document.getElementById("achados"), entries: null };

function plain(text) {
    return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

async function searchEntries() {
    if (searched.entries === null) {
        const answer = await fetch(new URL("docs/busca.json", root), { credentials: "omit" });
        if (!answer.ok) throw new Error(`status ${answer.status}`);
        searched.entries = (await answer.json()).map((entry) => ({
            ...entry, plain: plain(entry.t), names: plain(entry.n), all: plain(`${entry.t} ${entry.c} ${entry.n} ${entry.x}`),
        }));
    }
    return searched.entries;
}

// Headings and calls by their names, then a member by its whole name, then headings by their text, then the rest. The smallest comes first.
function rank(entry, text, words) {
    if (entry.k === "titulo") {
        if (entry.plain === text) return 0;
        if (entry.plain.startsWith(text)) return 1;
        if (words.every((word) => entry.plain.includes(word))) return 2;
        return words.every((word) => `${entry.plain} ${entry.names}`.includes(word)) ? 3 : 5;
    }
    if (entry.k === "membro" && entry.plain === text) return 4;
    return words.every((word) => entry.plain.includes(word)) ? 6 : 7;
}

// Every word is somewhere in the entry. Members and statuses of one name are found once, at the first place that has it.
function found(entries, words) {
    const text = words.join(" ");
    const names = new Set();
    return entries
        .filter((entry) => words.every((word) => entry.all.includes(word)))
        .map((entry, position) => ({ entry, position, rank: rank(entry, text, words) }))
        .sort((one, other) => one.rank - other.rank || one.position - other.position)
        .map(({ entry }) => entry)
        .filter((entry) => entry.k === "titulo" || (!names.has(entry.t) && names.add(entry.t)))
        .slice(0, searched.limit);
}

function choose(option) {
    for (const other of searched.list.children) other.setAttribute("aria-selected", String(other === option));
    if (option) {
        searched.field.setAttribute("aria-activedescendant", option.id);
        option.scrollIntoView({ block: "nearest" });
    } else {
        searched.field.removeAttribute("aria-activedescendant");
    }
}

function show(options) {
    searched.list.replaceChildren(...options);
    searched.field.setAttribute("aria-expanded", String(options.length > 0));
    choose(null);
}

function follow(entry) {
    show([]);
    searched.field.value = "";
    const target = new URL(entry.p.slice(1), root);
    location.assign(target);
    reveal(target.hash);
}

async function search() {
    const words = plain(searched.field.value).split(/\s+/).filter(Boolean);
    if (words.length === 0) return show([]);
    let entries;
    try {
        entries = found(await searchEntries(), words);
    } catch (error) {
        return show([element("li", { role: "option", id: "achado-0", textContent: `A busca não respondeu: ${error.message}` })]);
    }
    if (entries.length === 0) return show([element("li", { role: "option", id: "achado-0", textContent: "Nada foi achado." })]);
    show(entries.map((entry, position) => {
        const option = element("li", { role: "option", id: `achado-${position}` }, entry.t, element("span", { textContent: entry.c }));
        option.addEventListener("mousedown", (event) => event.preventDefault());
        option.addEventListener("click", () => follow(entry));
        option.entry = entry;
        return option;
    }));
}

searched.field.addEventListener("input", search);
searched.field.addEventListener("blur", () => show([]));
searched.field.addEventListener("keydown", (event) => {
    const options = [...searched.list.children];
    const current = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
    if (event.key === "Escape") show([]);
    else if (options.length > 0 && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
        event.preventDefault();
        const step = event.key === "ArrowDown" ? 1 : -1;
        choose(options[current === -1 && step === -1 ? options.length - 1 : (current + step + options.length) % options.length]);
    } else if (event.key === "Enter") {
        const option = options[Math.max(current, 0)];
        if (option && option.entry) follow(option.entry);
    }
});
document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !event.target.closest("input, textarea, select")) {
        event.preventDefault();
        searched.field.focus();
    }
    if (event.key === "Escape" && location.hash === "#conteudo-do-site") location.hash = "#principal";
});

// A target inside a closed part is shown.

function reveal(hash) {
    const target = hash.length > 1 && document.getElementById(decodeURIComponent(hash.slice(1)));
    if (!target) return;
    for (let part = target.closest("details"); part; part = part.parentElement.closest("details")) part.open = true;
    target.scrollIntoView();
}
addEventListener("hashchange", () => reveal(location.hash));
reveal(location.hash);

// The contents mark what is being read.

const here = new Map();
for (const link of document.querySelectorAll(".contents a[href*='#']")) {
    const address = new URL(link.href);
    if (address.pathname === location.pathname && address.hash.length > 1) here.set(address.hash.slice(1), link);
}
let marked = null;
const observer = new IntersectionObserver((seen) => {
    const top = seen.filter((one) => one.isIntersecting)[0];
    if (!top) return;
    if (marked) marked.removeAttribute("aria-current");
    marked = here.get(top.target.id);
    marked.setAttribute("aria-current", "true");
}, { rootMargin: "-10% 0px -70% 0px" });
for (const id of here.keys()) {
    const heading = document.getElementById(id);
    if (heading) observer.observe(heading);
}

// Copying

for (const block of document.querySelectorAll(".code")) {
    const button = element("button", { type: "button", textContent: "Copiar" });
    button.addEventListener("click", async () => {
        try {
            await navigator.clipboard.writeText(block.querySelector("code").textContent);
            button.textContent = "Copiado";
        } catch {
            button.textContent = "Não copiou";
        }
        setTimeout(() => { button.textContent = "Copiar"; }, 2000);
    });
    block.append(button);
}

// Trying

const answerLimit = 20000;

function request(form) {
    const values = (place) => [...form.querySelectorAll(`[data-place=${place}]`)].filter((field) => field.value !== "");
    let path = form.dataset.path;
    for (const field of values("path")) path = path.replace(`{${field.name}}`, encodeURIComponent(field.value));
    if (path.includes("{")) throw new Error("falta um parâmetro do caminho");
    const address = new URL(path.slice(1), root);
    for (const field of values("query")) address.searchParams.append(field.name, field.value);
    const headers = new Headers();
    const token = document.getElementById("token").value.trim();
    if (form.dataset.open === "nao" && token !== "") headers.set("Authorization", `Bearer ${token}`);
    for (const field of values("header")) headers.set(field.name, field.value);
    const body = values("body")[0];
    if (body) headers.set("Content-Type", values("type")[0].value);
    return [address, { method: form.dataset.method, headers, body: body && body.value, credentials: "omit", cache: "no-store" }];
}

function shown(text, type) {
    let whole = text;
    if (/^application\/(problem\+)?json/.test(type)) {
        try {
            whole = JSON.stringify(JSON.parse(text), null, 2);
        } catch {
            whole = text;
        }
    }
    return whole.length > answerLimit ? `${whole.slice(0, answerLimit)}\n…` : whole;
}

// A stream of events does not end: its first seconds are shown.
const streamMs = 5000;

async function textOf(response) {
    if (!(response.headers.get("Content-Type") || "").startsWith("text/event-stream")) return response.text();
    const reader = response.body.getReader();
    setTimeout(() => reader.cancel(), streamMs);
    const decoder = new TextDecoder();
    let text = "";
    for (let part = await reader.read(); !part.done; part = await reader.read()) text += decoder.decode(part.value, { stream: true });
    return text;
}

async function send(form) {
    const answer = form.querySelector(".answer");
    const button = form.querySelector("button");
    button.disabled = true;
    try {
        const response = await fetch(...request(form));
        const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
        const body = shown(await textOf(response), response.headers.get("Content-Type") || "");
        answer.replaceChildren(
            element("strong", { textContent: `${response.status} ${response.statusText}` }), element("pre", { tabIndex: 0, textContent: headers }),
            element("pre", { tabIndex: 0, textContent: body }));
    } catch (error) {
        answer.replaceChildren(`O pedido não foi feito ou não teve resposta: ${error.message}`);
    } finally {
        button.disabled = false;
    }
}

for (const form of document.querySelectorAll(".try form")) {
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        send(form);
    });
}
const tokenForm = document.getElementById("token-da-pagina");
if (tokenForm) tokenForm.addEventListener("submit", (event) => event.preventDefault());
