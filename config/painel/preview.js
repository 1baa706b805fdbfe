// What a bank's or a person's file holds, for showing it beside the answers of the service. The service alone reads it to register.

const DECODED_AS = ['utf-8', 'windows-1252'];

/** The text of a file: UTF-8, else Windows-1252. */
function decoded(bytes) {
    try {
        return new TextDecoder(DECODED_AS[0], { fatal: true }).decode(bytes);
    } catch {
        return new TextDecoder(DECODED_AS[1]).decode(bytes);
    }
}

const entities = { amp: '&', lt: '<', gt: '>', quot: '"', apos: '\'' };
const unescaped = (text) => text.replace(/&(amp|lt|gt|quot|apos);/g, (_, name) => entities[name]);

function transaction(block) {
    const member = (name) => unescaped(new RegExp(`<${name}>([^<\\r\\n]*)`, 'i').exec(block)?.[1].trim() ?? '');
    const date = member('DTPOSTED');
    const words = [...new Set([member('NAME'), member('MEMO')].filter(Boolean))].join(' - ');
    return [date.length >= 8 ? `${date.slice(6, 8)}/${date.slice(4, 6)}/${date.slice(0, 4)}` : '', words, member('TRNAMT')].filter(Boolean).join(' · ');
}

/**
 * The rows of a CSV text after its header, each as it is written. As for the service, a quote at the start of a cell begins text with
 * line breaks, and rows of nothing but blanks and separators are none.
 */
function rows(text) {
    const header = /[^\s;,].*/.exec(text)?.[0] ?? '';
    const separator = header.split(';').length > header.split(',').length ? ';' : ',';
    const found = [];
    let row = '';
    let isQuoted = false;
    let isCellStart = true;
    let isClosed = false;
    const end = () => {
        if (/[^\s"]/.test(row.replaceAll(separator, ''))) found.push(row.trim());
        row = '';
        isCellStart = true;
        isClosed = false;
    };
    for (const character of text) {
        if (character === '\n' && !isQuoted) {
            end();
            continue;
        }
        // A doubled quote within quotes ends the text and begins it again.
        const isMark = character === '"' && (isQuoted || isCellStart || isClosed);
        isClosed = isMark && isQuoted;
        if (isMark) isQuoted = !isQuoted;
        isCellStart = !isQuoted && character === separator;
        row += character;
    }
    end();
    return found.slice(1);
}

/** One text per transaction, in the order of the file. */
export function preview(bytes, isOFX) {
    const text = decoded(bytes);
    if (!isOFX) return rows(text);
    return text.split(/<STMTTRN>/i).slice(1).map((block) => transaction(block.split(/<\/STMTTRN>/i)[0]));
}
