// A bank's file (OFX) or a table (CSV): first looked through without registering anything, then registered.

import { lines, open, Problem } from './api.js';
import { accountField, refusal } from './accounts.js';
import { brazilian } from './dates.js';
import { field, foreign, h, notice, replace, table } from './dom.js';
import { KINDS } from './entry.js';
import { centavos, reais } from './money.js';
import { preview } from './preview.js';
import { address } from './router.js';

const FILE_MAX_BYTES = 16 * 1024 * 1024;
const ROWS_MAX = 1000;
const PROGRESS_EVERY = 50;

const typeOf = (name) => /\.(ofx|qfx)$/i.test(name) ? 'application/x-ofx' : /\.(csv|txt)$/i.test(name) ? 'text/csv' : null;

/** What an answer's line says to a person. */
function state(line) {
    if (line.erro) {
        const faults = (line.erro.erros ?? []).map((fault) => fault.mensagem).join('; ');
        return { kind: 'bad', text: `${line.linha ? `linha ${line.linha}: ` : ''}${faults || line.erro.detail || line.erro.title}` };
    }
    if (line.status === 201) return { kind: 'new', text: 'registrado' };
    if (!line.simulado || line.id) return { kind: 'known', text: 'já estava registrado' };
    // What would be registered is shown; what has no amount repeats an earlier line of the file.
    if (!line.valor) return { kind: 'known', text: 'repete uma linha anterior' };
    return { kind: 'new', text: `novo: ${KINDS[line.tipo].toLowerCase()} de ${reais(centavos(line.valor))} em ${brazilian(line.data)}` };
}

const count = (number, one, many) => `${number} ${number === 1 ? one : many}`;

const total = (answers, kind) => answers.filter((line) => state(line).kind === kind).length;

export function importView(params, names) {
    const conta = accountField(params.conta, names, 'A conta em que as transações do arquivo entram');
    const input = h('input', { type: 'file', accept: '.ofx,.qfx,.csv,.txt', onchange: () => take(input.files) });
    const file = field('Arquivo OFX ou CSV', input, 'Escolha ou solte o arquivo aqui. Nada é registrado antes da sua confirmação.');
    const result = h('div');
    const zone = h('div', {
        class: 'drop',
        ondragover: (event) => { event.preventDefault(); zone.classList.add('over'); }, ondragleave: () => zone.classList.remove('over'),
        ondrop: (event) => {
            event.preventDefault();
            zone.classList.remove('over');
            take(event.dataTransfer.files);
        },
    }, file.node);
    let isBusy = false;
    // The file that is looked through and not yet registered. What is shown of it belongs to the account that was written.
    let kept = null;
    conta.control.addEventListener('input', () => {
        if (!isBusy) replace(result, kept && notice(`${kept.name} será conferido de novo para a conta escrita.`));
    });
    conta.control.addEventListener('change', lookAgain);

    async function lookAgain() {
        const name = conta.control.value.trim();
        if (kept && name && !isBusy) await look({ ...kept, conta: name });
    }

    async function take(files) {
        conta.fail(null);
        file.fail(null);
        if (isBusy || !files.length) return;
        const [chosen] = files;
        const type = typeOf(chosen.name);
        const fault = files.length > 1 ? 'Um arquivo por vez.' : !type ? 'O nome deve terminar em .ofx ou .csv.'
            : chosen.size > FILE_MAX_BYTES ? 'O arquivo passa de 16 MiB.' : null;
        if (!conta.control.value.trim()) {
            conta.fail('Diga a conta antes de escolher o arquivo.');
            conta.control.focus();
            input.value = '';
        } else if (fault) {
            file.fail(fault);
        } else {
            const bytes = new Uint8Array(await chosen.arrayBuffer());
            // The same bytes are looked through and registered, whatever happens to the file meanwhile.
            await look({ name: chosen.name, type, bytes, conta: conta.control.value.trim() });
        }
    }

    /** Sends the file and hands over each line of the answer. */
    async function send(chosen, isSimulated, onLine) {
        isBusy = true;
        try {
            const answer = await open('v1/lancamentos/lote', {
                method: 'POST', body: chosen.bytes, headers: { 'Content-Type': chosen.type, Accept: 'application/x-ndjson' },
                query: { conta: chosen.conta, simular: isSimulated ? 'true' : null }, answerMaxMs: 0,
            });
            for await (const line of lines(answer)) onLine(line);
        } finally {
            isBusy = false;
            input.value = '';
        }
    }

    async function look(chosen) {
        kept = chosen;
        conta.fail(null);
        replace(result, notice('Lendo o arquivo…'));
        const texts = preview(chosen.bytes, chosen.type === 'application/x-ofx');
        const answers = [];
        try {
            await send(chosen, true, (line) => answers.push(line));
        } catch (error) {
            return fail(error);
        }
        // The account may have changed meanwhile.
        if (conta.control.value.trim() !== chosen.conta) return lookAgain();
        const fresh = total(answers, 'new');
        const button = h('button', { type: 'button', onclick: () => register(chosen, answers.length, texts) },
            `Registrar ${count(fresh, 'lançamento novo', 'lançamentos novos')} em ${chosen.conta}`);
        replace(result,
            h('p', { role: 'status' }, foreign(chosen.name), `: ${count(fresh, 'novo', 'novos')}, ${count(total(answers, 'known'), 'já registrado', 'já registrados')}, `
                + `${total(answers, 'bad')} com erro.`),
            fresh > 0 ? h('div', { class: 'actions' }, button) : notice('Não há nada novo para registrar.'), shown(answers, texts));
        if (fresh > 0) button.focus();
    }

    async function register(chosen, expected, texts) {
        if (isBusy) return;
        const progress = h('progress', { max: expected, value: 0, 'aria-label': 'Registrando' });
        replace(result, notice('Registrando…'), progress);
        const answers = [];
        try {
            await send(chosen, false, (line) => {
                answers.push(line);
                if (answers.length % PROGRESS_EVERY === 0) progress.value = answers.length;
            });
        } catch (error) {
            return fail(error, 'Importe o mesmo arquivo de novo: o que já entrou não entra outra vez.');
        }
        kept = null;
        replace(result,
            h('p', { class: 'notice good', role: 'status' }, `${count(total(answers, 'new'), 'lançamento registrado', 'lançamentos registrados')}, `
                + `${count(total(answers, 'known'), 'já estava', 'já estavam')}, ${total(answers, 'bad')} com erro. `,
            h('a', { href: address('mes', { conta: chosen.conta }) }, 'Ver o mês')), shown(answers, texts));
    }

    function fail(error, advice = '') {
        if (!(error instanceof Problem)) throw error;
        const isRefused = error.name === 'conta-nao-permitida';
        const faults = isRefused ? refusal(names) : error.faults.map((fault) => fault.mensagem).join('; ');
        if (isRefused || error.faults.some((fault) => fault.campo === 'conta')) conta.fail(faults);
        replace(result, notice(`${faults || error.message} ${advice}`, 'bad'));
    }

    function shown(answers, texts) {
        const columns = [{ title: 'Nº', class: 'number short' }, { title: 'No arquivo', class: 'wide' }, { title: 'Situação' }];
        return [table('Linhas do arquivo', columns, answers.slice(0, ROWS_MAX).map((line) => {
            const { kind, text } = state(line);
            return [String(line.indice + 1), foreign(texts[line.indice] ?? ''), h('span', { class: `state ${kind}` }, foreign(text))];
        })), answers.length > ROWS_MAX && h('p', { class: 'hint' }, `E mais ${answers.length - ROWS_MAX}.`)];
    }

    return { title: 'Importar', hidesPicker: true, node: h('div', {}, h('div', { class: 'fields' }, conta.node), zone, result) };
}
