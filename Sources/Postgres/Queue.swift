/// First in, first out. Removing is constant time: the removed front is cut off once it is half of the
/// storage.
struct Queue<Element>: Sequence {
    private var storage: [Element?] = []
    private var head = 0

    var count: Int { storage.count - head }
    var isEmpty: Bool { head == storage.count }
    var first: Element? { isEmpty ? nil : storage[head] }

    mutating func append(_ element: Element) { storage.append(element) }

    mutating func removeFirst() {
        precondition(!isEmpty, "nothing is queued")
        storage[head] = nil
        head += 1
        if head == storage.count {
            storage.removeAll(keepingCapacity: true)
            head = 0
        } else if head >= 256 && head * 2 >= storage.count {
            storage.removeFirst(head)
            head = 0
        }
    }

    mutating func popFirst() -> Element? {
        guard let first else { return nil }
        removeFirst()
        return first
    }

    func makeIterator() -> AnyIterator<Element> {
        var rest = storage[head...].makeIterator()
        return AnyIterator { rest.next() ?? nil }
    }
}
