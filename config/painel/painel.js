// Begins the page: signs in, and shows the view that the address names.

import { accepts, configure, Problem } from './api.js';
import * as session from './session.js';
import * as clock from './clock.js';
import { accountName, accounts, accountsView, firstAccount, picker } from './accounts.js';
import { categoriesView } from './categories.js';
import { brazilian, rangeText } from './dates.js';
import { h, notice, replace } from './dom.js';
import { entriesView } from './entries.js';
import { importView } from './import.js';
import { follow } from './live.js';
import { monthView } from './month.js';
import { periodOf } from './period.js';
import { registerView } from './register.js';
import { address, go, place } from './router.js';

const [READ, LIST, WRITE] = ['consolidado:ler', 'lancamentos:ler', 'lancamentos:escrever'];
const REFRESH_PAUSE_MS = 100;

const VIEWS = [
    { name: 'mes', title: 'Mês', scope: READ, make: monthView },
    { name: 'lancamentos', title: 'Lançamentos', scope: LIST, make: entriesView },
    { name: 'categorias', title: 'Categorias', scope: LIST, make: categoriesView },
    { name: 'contas', title: 'Contas', scope: READ, make: accountsView },
    { name: 'registrar', title: 'Registrar', scope: WRITE, make: registerView },
    { name: 'importar', title: 'Importar', scope: WRITE, make: importView },
];

const main = document.getElementById('conteudo');
const liveState = document.getElementById('ao-vivo');
let names = [];
let leaveView = () => {};

/** Runs the loads of a view one after another: a change during a load causes one more. */
function loader(view, notices) {
    const stop = new AbortController();
    let isLoading = false;
    let isDue = false;
    view.report = (error) => { if (!stop.signal.aborted) replace(notices, notice(text(error), 'bad')); };
    view.reload = async () => {
        isDue = true;
        if (isLoading) return;
        isLoading = true;
        try {
            while (isDue && !stop.signal.aborted) {
                isDue = false;
                await view.load(stop.signal).then(() => { if (!stop.signal.aborted) replace(notices); }, view.report);
                if (isDue) await clock.pause(REFRESH_PAUSE_MS);
            }
        } finally {
            isLoading = false;
        }
    };
    return () => stop.abort();
}

function text(error) {
    if (!(error instanceof Problem)) throw error;
    const wait = error.retryAfterS ? ` Tente de novo em ${error.retryAfterS} s.` : '';
    return `${error.message}${error.faults.map((fault) => ` ${fault.campo}: ${fault.mensagem}`).join('')}${wait}`;
}

function showLive(state) {
    const texts = { live: 'Ao vivo', lost: 'Reconectando…', polling: 'atualização ao vivo indisponível', off: '' };
    liveState.className = `live is-${state}`;
    if (liveState.textContent !== texts[state]) liveState.textContent = texts[state];
}

function show() {
    const { view: name, params } = place();
    const allowed = VIEWS.filter((view) => session.can(view.scope));
    const chosen = allowed.find((view) => view.name === name) ?? allowed[0];
    if (!chosen) return replace(main, h('h1', {}, 'Sem acesso'), notice('Este token não permite ver nem registrar nada.', 'bad'));
    const conta = params.conta || firstAccount(names);
    leaveView();
    // A dialog of the view before, after the browser's Back.
    for (const dialog of document.querySelectorAll('dialog:not(.sign-in)')) dialog.close();
    const view = chosen.make({ ...params, conta }, names);
    const notices = h('div', { class: 'notices' });
    const heading = h('h1', { tabindex: '-1' }, view.title);
    document.title = `${view.title} · Fluxo de Caixa`;
    replace(main, heading, !clock.isKnown() && notice('Sem a hora do servidor: os dias seguem o relógio deste aparelho.'), notices, view.node);
    replace(document.getElementById('telas'), h('ul', {}, allowed.map((one) => h('li', {},
        h('a', { href: address(one.name, { conta }), 'aria-current': one === chosen ? 'page' : null, 'data-foco': one.name }, one.title)))));
    replace(document.getElementById('escolha'), view.hidesPicker ? null
        : picker(names, conta, (next) => go(chosen.name, { ...place().params, conta: next })));
    const stop = loader(view, notices);
    if (view.load) view.reload();
    const unfollow = view.follows !== undefined && session.can(READ) ? follow(view.follows, view.reload, showLive) : null;
    if (!unfollow) showLive('off');
    leaveView = () => {
        stop();
        unfollow?.();
    };
    return heading;
}

/** What paper does not show otherwise: the account, the period of a list, and the day of the print. */
function showPrinted() {
    const { view, params } = place();
    const { de, ate } = periodOf(params);
    const period = ['lancamentos', 'categorias'].includes(view) && rangeText(de, ate);
    document.getElementById('impresso').textContent = [accountName(params.conta || firstAccount(names)), period,
        `impresso em ${brazilian(clock.today())}`].filter(Boolean).join(' · ');
}

async function begin() {
    let settings;
    try {
        settings = await configure();
        if (!await session.begin(settings, accepts)) {
            replace(main, h('h1', {}, 'Fluxo de Caixa'), notice('Pronto. Continue na outra aba e feche esta.', 'good'));
            close();
            return;
        }
    } catch (error) {
        replace(main, h('h1', {}, 'Fluxo de Caixa'), notice(text(error), 'bad'),
            h('button', { type: 'button', onclick: () => location.reload() }, 'Tentar de novo'));
        return;
    }
    const leave = document.getElementById('sair');
    leave.hidden = session.isAnonymous();
    leave.title = session.person();
    leave.addEventListener('click', session.leave);
    if (session.can(READ)) {
        // Without the list the choice still has what the token covers.
        try {
            names = (await accounts()).list.map((account) => account.conta);
        } catch (error) {
            if (!(error instanceof Problem)) throw error;
        }
    }
    // The fragment belongs to the views.
    document.querySelector('.skip').addEventListener('click', (event) => {
        event.preventDefault();
        main.focus();
    });
    addEventListener('hashchange', () => {
        const heading = show();
        scrollTo(0, 0);
        heading?.focus({ preventScroll: true });
    });
    addEventListener('beforeprint', showPrinted);
    show();
}

begin();
