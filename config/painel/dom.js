// Elements of the page. Every text of users enters as a text node, never as markup.

const SVG = 'http://www.w3.org/2000/svg';

/** Whether a property or a child is there. */
const isGiven = (value) => value !== null && value !== undefined && value !== false;

function made(node, properties, children) {
    for (const [name, value] of Object.entries(properties)) {
        if (!isGiven(value) || name === 'value') continue;
        if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
        else node.setAttribute(name, value === true ? '' : value);
    }
    node.append(...present(children));
    // The value of a select needs its options.
    if (isGiven(properties.value)) node.value = properties.value;
    return node;
}

const present = (children) => children.flat(Infinity).filter((child) => isGiven(child) && child !== '');

/** An HTML element; properties that begin with `on` are listeners. */
export const h = (name, properties = {}, ...children) => made(document.createElement(name), properties, children);

/** An SVG element. */
export const svg = (name, properties = {}, ...children) => made(document.createElementNS(SVG, name), properties, children);

/** A text that a person or another system wrote: isolated, so that direction marks in it move nothing around it. */
export const foreign = (text) => h('bdi', {}, text);

/** Replaces the contents of `parent`. The element with the same `data-foco` as the focused one gets the focus. */
export function replace(parent, ...children) {
    const held = parent.contains(document.activeElement) ? document.activeElement.dataset.foco : undefined;
    parent.replaceChildren(...present(children));
    [...parent.querySelectorAll('[data-foco]')].find((node) => node.dataset.foco === held)?.focus({ preventScroll: true });
}

/** A table that scrolls sideways by itself. Columns: `{title, class}`; each row is a list of cells, the first of them its header. */
export function table(caption, columns, rows, foot = null) {
    const cells = (row) => row.map((cell, index) => index === 0
        ? h('th', { scope: 'row', class: columns[0].class }, cell)
        : h('td', { class: columns[index].class }, cell));
    return h('div', { class: 'scroll', role: 'region', tabindex: '0', 'aria-label': caption, 'data-foco': `tabela ${caption}` },
        h('table', {},
            h('caption', { class: 'hidden' }, caption),
            h('thead', {}, h('tr', {}, columns.map((column) => h('th', { scope: 'col', class: column.class }, column.title)))),
            h('tbody', {}, rows.map((row) => h('tr', { class: row.mark }, cells(row.cells ?? row)))),
            foot && h('tfoot', {}, h('tr', {}, cells(foot)))));
}

/** A notice; `kind` is `good`, `bad` or nothing. */
export const notice = (text, kind = '') => h('p', { class: `notice ${kind}`, role: kind === 'bad' ? 'alert' : 'status' }, text);

/** Does one thing of a button at a time. Meanwhile the button keeps the focus, which a disabled one would lose. */
export async function once(button, act) {
    if (button.hasAttribute('aria-disabled')) return;
    button.setAttribute('aria-disabled', 'true');
    try {
        await act();
    } finally {
        button.removeAttribute('aria-disabled');
    }
}

/** A button that does one thing at a time. */
export function slowButton(text, act, kind = 'quiet') {
    const button = h('button', { type: 'button', class: kind, onclick: () => once(button, act) }, text);
    return button;
}

let fields = 0;

/** A labelled control. Its error, if it has one, is read with it. */
export function field(label, control, hint = null) {
    const id = `campo-${++fields}`;
    control.id = id;
    const error = h('p', { class: 'error', id: `${id}-erro` });
    const description = [hint && `${id}-dica`, `${id}-erro`].filter(Boolean).join(' ');
    control.setAttribute('aria-describedby', description);
    const node = h('div', { class: 'field' },
        h('label', { for: id }, label), control, hint && h('p', { class: 'hint', id: `${id}-dica` }, hint), error);
    const fail = (text) => {
        error.textContent = text ?? '';
        control.setAttribute('aria-invalid', String(Boolean(text)));
    };
    return { node, control, fail };
}

/** A select from pairs of value and text. */
export function select(options, value, properties = {}) {
    return h('select', { ...properties, value }, options.map(([key, text]) => h('option', { value: key }, text)));
}
