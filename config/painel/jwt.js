// JSON Web Tokens: what they say, and the encoding that they use.

export function base64url(bytes) {
    return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/** The claims of a token, which only its issuer and the services can verify. `null`: it is none. */
export function claimsOf(text) {
    try {
        const part = text.split('.')[1].replaceAll('-', '+').replaceAll('_', '/');
        const bytes = Uint8Array.from(atob(part), (character) => character.charCodeAt(0));
        const value = JSON.parse(new TextDecoder().decode(bytes));
        return value !== null && typeof value === 'object' ? value : null;
    } catch {
        return null;
    }
}
