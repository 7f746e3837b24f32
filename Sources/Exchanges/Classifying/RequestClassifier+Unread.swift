extension RequestClassifier {
    /// Of a request that has no one reading, and is refused. What would move money by its path, if some
    /// server read that generously, is told as that: whoever tries spellings is to be seen.
    package func unread(_ request: IncomingRequest, _ problem: MeaningProblem) -> RequestMeaning {
        RequestMeaning(operation(ofUnread: request), problems: [problem])
    }

    private func operation(ofUnread request: IncomingRequest) -> RequestOperation {
        guard let method = RequestDraft.Method(rawValue: request.method.uppercased()) else { return .admin }
        let draft = RequestDraft(
            known: method, host: request.host, path: GenerousPath.read(request.path))
        let operation = table.find(draft)?.route.operation ?? draft.operationByName
        return operation.movesMoney ? operation : .admin
    }
}

/// A path as the most generous of servers might read it; nothing is ever sent by it.
enum GenerousPath {
    /// Decoded twice, without empty and dot segments and without parameters of segments.
    static func read(_ path: String) -> String {
        var segments: [Substring] = []
        let text = decoded(decoded(path))
        for segment in text.split(whereSeparator: { $0 == "/" || $0 == "\\" }) {
            let name = segment.prefix { $0 != ";" }
            switch name {
            case "", ".": continue
            case "..": _ = segments.popLast()
            default: segments.append(name)
            }
        }
        return "/" + segments.joined(separator: "/")
    }

    /// What is no `%xx` stays as it is.
    private static func decoded(_ text: String) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"),
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                rest = rest.dropFirst(2)
                bytes.append(value)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
