/// A first-in, first-out queue with constant cost at both ends.
struct Fifo<Element> {
    private var storage: [Element?] = []
    private var head = 0

    /// Below this many elements moving them costs nothing worth saving.
    private static var compactionMin: Int { 64 }

    var count: Int { self.storage.count - self.head }
    var isEmpty: Bool { self.count == 0 }
    var first: Element? { self.isEmpty ? nil : self.storage[self.head] }

    mutating func append(_ element: Element) { self.storage.append(element) }

    mutating func popFirst() -> Element? {
        guard !self.isEmpty else { return nil }
        let element = self.storage[self.head].take()
        self.head += 1
        if self.head == self.storage.count {
            self.storage.removeAll(keepingCapacity: true)
            self.head = 0
        } else if self.head >= Self.compactionMin, self.head * 2 >= self.storage.count {
            self.storage.removeFirst(self.head)
            self.head = 0
        }
        return element
    }

    mutating func removeAll() {
        self.storage.removeAll()
        self.head = 0
    }

    mutating func removeAll(where shouldBeRemoved: (Element) -> Bool) {
        self.storage = self.storage[self.head...].filter { element in element.map { !shouldBeRemoved($0) } ?? false }
        self.head = 0
    }
}

extension Fifo: RandomAccessCollection, MutableCollection {
    var startIndex: Int { 0 }
    var endIndex: Int { self.count }

    subscript(position: Int) -> Element {
        get {
            // Everything from the head on is set; popFirst alone takes, and moves the head past it.
            self.storage[self.head + position]!
        }
        set { self.storage[self.head + position] = newValue }
    }
}
