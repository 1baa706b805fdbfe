// One entry: everything that is known of it, and its reversal.

import * as clock from './clock.js';
import { json, open, Problem, whole } from './api.js';
import * as session from './session.js';
import { brazilian, instant } from './dates.js';
import { foreign, h, notice, replace, slowButton } from './dom.js';
import { centavos, digits, money } from './money.js';
import { go } from './router.js';

export const KINDS = { credito: 'Entrada', debito: 'Saída' };
export const NATURES = { operacional: 'Operacional', transferencia: 'Transferência', implantacao: 'Saldo de abertura', ajuste: 'Ajuste' };
const CHANNELS = { rest: 'API ou esta página', lote: 'Lote ou arquivo', fila: 'Fila de mensagens' };
const TRIES_MAX = 4;
const PAUSE_MAX_S = 5;
const DESCRIPTION_MAX = 200;

/** The effect on the balance. */
export const effect = (entry) => entry.tipo === 'credito' ? centavos(entry.valor) : -centavos(entry.valor);

/** Sends something that is safe to repeat, until its outcome is known or the tries are used up. Returns the entry. */
export async function registered(path, { body, key }) {
    const headers = { 'Content-Type': 'application/json', ...(key && { 'Idempotency-Key': key }) };
    for (let count = 1; ; count += 1) {
        try {
            const answer = await open(path, { method: 'POST', body: JSON.stringify(body), headers });
            return await whole(answer.json());
        } catch (error) {
            const isUnknown = error instanceof Problem && (error.status === 0 || error.status >= 500 || error.status === 429);
            if (!isUnknown || count === TRIES_MAX) throw error;
            await clock.pause(1000 * Math.min(PAUSE_MAX_S, error.retryAfterS ?? count));
        }
    }
}

/** Shows an entry above the page. `onChange` is called after a reversal. */
export function showEntry(entry, onChange) {
    const dialog = h('dialog', { 'aria-labelledby': 'lancamento' });
    dialog.addEventListener('close', () => dialog.remove());
    const fill = (shown) => replace(dialog, ...content(shown, { dialog, fill, onChange }));
    fill(entry);
    document.body.append(dialog);
    dialog.showModal();
}

function content(entry, { dialog, fill, onChange }) {
    const problems = h('div');
    const show = (error) => replace(problems, notice(error instanceof Problem ? error.message : String(error), 'bad'));
    const other = (id, name) => h('button', {
        type: 'button', class: 'link',
        onclick: () => json(`v1/lancamentos/${encodeURIComponent(id)}`).then(fill, show),
    }, name);
    const line = (name, value) => value === null || value === undefined ? null : [h('dt', {}, name), h('dd', {}, value)];
    const named = (value) => value === undefined ? undefined : foreign(value);
    const canReverse = session.can('lancamentos:escrever') && !entry.estorno_de && !entry.estornado_por;
    return [
        h('h2', { id: 'lancamento' }, KINDS[entry.tipo], ' de ', money(centavos(entry.valor))),
        h('dl', {},
            line('Conta', named(entry.conta)), line('Data', brazilian(entry.data)), line('Descrição', named(entry.descricao)),
            line('Categoria', named(entry.categoria)), line('Referência', named(entry.referencia)),
            line('Natureza', NATURES[entry.natureza] ?? named(entry.natureza)),
            line('Estorno de', entry.estorno_de && other(entry.estorno_de, 'ver o lançamento original')),
            line('Estornado por', entry.estornado_por && other(entry.estornado_por, 'ver o estorno')),
            line('Registrado em', instant(entry.registrado_em, clock.businessZone())), line('Registrado por', named(entry.registrado_por)),
            line('Por onde chegou', CHANNELS[entry.canal] ?? named(entry.canal)), line('Chave', named(entry.chave)),
            Object.entries(entry.metadados ?? {}).map(([name, value]) => line(foreign(name), foreign(value))),
            line('Número', entry.id)),
        problems,
        h('div', { class: 'actions' },
            canReverse && [h('button', { type: 'button', onclick: () => fillQuestion(true) }, 'Corrigir…'),
                h('button', { type: 'button', class: 'danger', onclick: () => fillQuestion(false) }, 'Estornar…')],
            h('button', { type: 'button', class: 'quiet', onclick: () => dialog.close() }, 'Fechar')),
    ];

    /** Asks for the reversal. Of a correction it has the day of the entry, so that no balance keeps the mistake. */
    function fillQuestion(isCorrection) {
        const today = clock.today();
        const day = isCorrection || entry.data > today ? entry.data : today;
        const button = slowButton(isCorrection ? 'Sim, estornar e corrigir' : 'Sim, estornar', reverse, 'danger');
        const back = h('button', { type: 'button', class: 'quiet', onclick: () => fill(entry) }, 'Não');
        replace(dialog, h('h2', { id: 'lancamento' }, isCorrection ? 'Corrigir este lançamento?' : 'Estornar este lançamento?'),
            h('p', {}, 'Será registrada uma ', h('strong', {}, entry.tipo === 'credito' ? 'saída' : 'entrada'), ' de ', money(centavos(entry.valor)),
                ' na conta ', foreign(entry.conta), ` com a data ${brazilian(day)}. O lançamento original continua no extrato. `,
                'Um estorno não pode ser desfeito.', isCorrection && ' Depois se abre o formulário, já preenchido, para registrar o lançamento certo.'),
            entry.descricao && h('p', {}, foreign(entry.descricao)), problems, h('div', { class: 'actions' }, button, back));
        // The safe answer has the focus.
        back.focus();

        async function reverse() {
            try {
                const reversal = await registered(`v1/lancamentos/${encodeURIComponent(entry.id)}/estorno`, { body: {
                    data: day, descricao: entry.descricao && [...`Estorno: ${entry.descricao}`].slice(0, DESCRIPTION_MAX).join(''),
                } });
                if (isCorrection) {
                    const { conta, tipo, data, descricao, categoria, referencia, natureza } = entry;
                    const valor = digits(centavos(entry.valor));
                    go('registrar', { conta, tipo, valor, data, descricao, categoria, referencia, natureza, correcao: 'sim' });
                    return;
                }
                onChange(reversal);
                fill(reversal);
                replace(dialog.querySelector('.actions').previousElementSibling, notice('Estornado.', 'good'));
            } catch (error) {
                show(error);
            }
        }
    }
}
