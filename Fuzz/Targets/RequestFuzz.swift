import HTTPServer

extension FuzzTarget {
    /// The same bytes get the same verdict whole and in pieces.
    static let request = FuzzTarget(name: "Request") { input throws(Finding) in
        let input = CutInput(input)
        let whole = try RequestReading([input.bytes])
        try require(
            try RequestReading(input.pieces) == whole, "the verdict depends on how the bytes were cut")
    }
}

/// What a parser made of a stream.
private struct RequestReading: Equatable {
    private var targets: [String] = []
    private var body: [UInt8] = []
    private var requestCount = 0
    private var error: RequestError?

    init(_ pieces: [[UInt8]]) throws(Finding) {
        var parser = RequestParser()
        var pending: [UInt8] = []
        for piece in pieces where error == nil {
            pending += piece
            try readAll(&pending, with: &parser)
        }
    }

    private mutating func readAll(
        _ pending: inout [UInt8], with parser: inout RequestParser
    ) throws(Finding) {
        while true {
            let step: RequestParser.Step
            do throws(RequestError) {
                step = try parser.next(pending.span)
            } catch {
                self.error = error
                return
            }
            switch step.event {
            case .head(let head, _): try note(head)
            case .body(let range): body += pending[range]
            case .end: requestCount += 1
            case nil: break
            }
            pending.removeFirst(step.consumed)
            guard step.event != nil else { return }
        }
    }

    /// Also decodes what the router decodes.
    private mutating func note(_ head: RequestHead) throws(Finding) {
        targets.append(head.method.name + " " + head.path + (head.query ?? ""))
        for (name, value) in head.headers { targets.append(name.text + value) }
        if let path = try? Path(head.pathBytes) {
            let isPlain = path.segments.allSatisfy { !$0.isEmpty && $0 != ".." && !$0.contains("/") }
            try require(isPlain, "a path has a segment that could be read in two ways")
        }
        if let query = head.queryBytes { _ = try? Query(query) }
    }
}
