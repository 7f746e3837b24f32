import CCurl
import EventLoop
import Kernel

extension HTTPClient {
    /// One request on its way, with all that must be given back at its end.
    final class Run {
        let transfer: Transfer
        private let pool: ConnectionPool
        private let client: HTTPClient
        private let start: UInt64
        private var isOver = false

        init(_ transfer: Transfer, in pool: ConnectionPool, of client: HTTPClient, since start: UInt64) {
            (self.transfer, self.pool, self.client, self.start) = (transfer, pool, client, start)
        }

        deinit { end() }

        /// libcurl counts a streamed answer's time until its end, which is longer: its beginning is timed
        /// here.
        nonisolated(nonsending) func go(
            _ request: OutgoingRequest, _ limits: OutgoingRequest.TimeLimits
        ) async {
            guard request.responseLimits.streamedFromBytes != nil else { return await pool.run(transfer) }
            await timed(limits.total) { await pool.run(transfer) }
        }

        /// The answer as far as it came.
        func answer() throws(OutgoingError) -> OutgoingResponse {
            try transfer.outcome(transfer.result, duration: client.elapsed(since: start))
        }

        /// The next part of a streamed body; nil at its end.
        nonisolated(nonsending) func next() async throws(OutgoingError) -> [UInt8]? {
            let stall = client.settings.stallLimit
            if !transfer.hasMore { await timed(stall) { await transfer.more() } }
            let bytes = transfer.takeBody()
            if !bytes.isEmpty { return bytes }
            defer { end() }
            // Throws unless the answer came whole.
            let whole = try answer()
            if whole.isTruncated { throw .cutAnswer(status: whole.status) }
            return nil
        }

        /// Ends the transfer, if it is under way, and gives everything back.
        func end() {
            guard !isOver else { return }
            isOver = true
            pool.abort(transfer, CURLE_ABORTED_BY_CALLBACK)
            pool.giveBack(transfer)
            client.ended()
        }

        private nonisolated(nonsending) func timed(
            _ limit: Period, _ wait: () async -> Void
        ) async {
            let timer = client.reactor.schedule(afterNanoseconds: limit.nanoseconds) { [weak self] in
                self?.timeOut()
            }
            await wait()
            client.reactor.cancel(timer)
        }

        private func timeOut() { pool.abort(transfer, CURLE_OPERATION_TIMEDOUT) }
    }

    /// Sends one request and waits for the beginning of its answer: the whole of a short one.
    package nonisolated(nonsending) func open(
        _ request: OutgoingRequest
    ) async throws(OutgoingError) -> OpenResponse {
        let run = try await carry(request)
        guard run.transfer.result == nil else {
            defer { run.end() }
            return OpenResponse(response: try run.answer(), rest: nil)
        }
        return OpenResponse(response: try run.answer(), rest: ResponseRest(run))
    }
}

/// An answer whose body may not be here yet.
package struct OpenResponse {
    /// With as much of the body as came.
    package let response: OutgoingResponse
    /// Nil: that was all.
    package let rest: ResponseRest?
}

/// What is still to come of an answer. Whoever takes it slowly holds the other side back; whoever lets go of
/// it closes the connection.
package final class ResponseRest {
    private let run: HTTPClient.Run

    init(_ run: HTTPClient.Run) { self.run = run }

    deinit { run.end() }

    /// Nil at the end of a whole answer; throws where it breaks off or is longer than was to be read.
    package nonisolated(nonsending) func next() async throws(OutgoingError) -> [UInt8]? {
        try await run.next()
    }

    package func close() { run.end() }
}
