// Days as texts AAAA-MM-DD. No calculation here uses the clock or the time zone of the browser.

import { h } from './dom.js';

const DAY_MS = 86_400_000;
const MONTHS = ['janeiro', 'fevereiro', 'março', 'abril', 'maio', 'junho', 'julho', 'agosto', 'setembro', 'outubro', 'novembro', 'dezembro'];
const WEEKDAYS = ['domingo', 'segunda-feira', 'terça-feira', 'quarta-feira', 'quinta-feira', 'sexta-feira', 'sábado'];

const parsed = (day) => Date.parse(`${day}T00:00:00Z`);
const text = (ms) => new Date(ms).toISOString().slice(0, 10);

/** Whether it is a day of the calendar. */
export function isDay(value) {
    return /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(value ?? '') && !Number.isNaN(parsed(value)) && text(parsed(value)) === value;
}

export const plusDays = (day, count) => text(parsed(day) + count * DAY_MS);
const weekday = (day) => new Date(parsed(day)).getUTCDay();
export const weekdayName = (day) => WEEKDAYS[weekday(day)];

/** The Monday of the day's week. */
export const monday = (day) => plusDays(day, -((weekday(day) + 6) % 7));

/** `29/11/2026`. */
export const brazilian = (day) => `${day.slice(8)}/${day.slice(5, 7)}/${day.slice(0, 4)}`;

/** The day for a table of one year, whose year a narrow screen leaves out. */
export const tableDay = (day) => [day.slice(8), '/', day.slice(5, 7), h('span', { class: 'extra' }, `/${day.slice(0, 4)}`)];

/** `novembro de 2026`, from `2026-11`. */
export const monthName = (month) => `${MONTHS[Number(month.slice(5, 7)) - 1]} de ${month.slice(0, 4)}`;
export const monthShort = (month) => MONTHS[Number(month.slice(5, 7)) - 1].slice(0, 3);

export function plusMonths(month, count) {
    const index = Number(month.slice(0, 4)) * 12 + Number(month.slice(5, 7)) - 1 + count;
    return `${String(Math.floor(index / 12)).padStart(4, '0')}-${String((index % 12) + 1).padStart(2, '0')}`;
}

/** First and last day of `2026-11`. */
export const monthRange = (month) => [`${month}-01`, plusDays(`${plusMonths(month, 1)}-01`, -1)];

/** A period for people: one day, or `01/11/2026 a 30/11/2026`. */
export const rangeText = (from, to) => from === to ? brazilian(from) : `${brazilian(from)} a ${brazilian(to)}`;

/** An instant of the API in a time zone: `29/11/2026 14:05:09`. */
export function instant(value, zone) {
    return new Intl.DateTimeFormat('pt-BR', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' }).format(new Date(value));
}
