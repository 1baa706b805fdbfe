extension String {
    /// Whether both texts have the same UTF-8 bytes. Swift's `==` takes canonically equivalent texts for equal; content and names must not.
    package func temOsMesmosBytes(que outro: String) -> Bool {
        // The lengths are known beforehand, and nearly always tell different names apart.
        utf8.count == outro.utf8.count && utf8.elementsEqual(outro.utf8)
    }
}

extension String? {
    /// The same for a text that may be absent: absent equals only absent.
    package func temOsMesmosBytes(que outro: String?) -> Bool {
        switch (self, outro) {
        case (nil, nil): true
        case (let este?, let outro?): este.temOsMesmosBytes(que: outro)
        default: false
        }
    }
}
