// The time of the server, from the Date header of its answers: the clock of this device may be wrong.

let zone = 'America/Sao_Paulo';
let serverMs = null;
let heardAt = 0;

export function setZone(name) { zone = name; }
export const businessZone = () => zone;

/** Notes the time of an answer that has just arrived. */
export function heard(headers) {
    const ms = Date.parse(headers.get('date') ?? '');
    if (Number.isNaN(ms)) return;
    serverMs = ms;
    heardAt = performance.now();
}

/** Whether the server's time is known. Until then the device's own is used, and the page says so. */
export const isKnown = () => serverMs !== null;

export const nowMs = () => serverMs === null ? Date.now() : serverMs + performance.now() - heardAt;

/** Waits, not longer than until `stop` is aborted. */
export const pause = (ms, stop) => new Promise((resolve) => {
    setTimeout(resolve, ms);
    stop?.addEventListener('abort', resolve, { once: true });
});

/** Today in the business time zone. */
export function today() {
    const parts = new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' })
        .formatToParts(new Date(nowMs()));
    const part = (type) => parts.find((one) => one.type === type).value;
    return `${part('year')}-${part('month')}-${part('day')}`;
}
