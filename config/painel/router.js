// The address of a view: #/view?parameters. It never holds a token.

/** The view and its parameters. */
export function place() {
    const [path, query = ''] = location.hash.replace(/^#\/?/, '').split('?', 2);
    return { view: path, params: Object.fromEntries(new URLSearchParams(query)) };
}

/** The parameters that have a value, as a query. */
export const queryOf = (params) =>
    new URLSearchParams(Object.entries(params).filter(([, value]) => value !== null && value !== undefined && value !== '')).toString();

export function address(view, params = {}) {
    const query = queryOf(params);
    return `#/${view}${query && `?${query}`}`;
}

export function go(view, params) { location.hash = address(view, params); }

/** Changes the address without showing the view again. */
export function note(view, params) { history.replaceState(null, '', address(view, params)); }
