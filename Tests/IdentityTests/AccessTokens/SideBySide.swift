import EventLoop

extension Worker {
    /// Runs all of them at once on this loop, and gives what each gave.
    func sideBySide<Value>(
        _ count: Int, _ body: @escaping (Int) async throws -> Value
    ) async -> [Result<Value, any Error>] {
        let promises = (0..<count).map { number in
            let promise = Promise<Result<Value, any Error>>()
            spawn {
                do {
                    promise.fulfil(.success(try await body(number)))
                } catch {
                    promise.fulfil(.failure(error))
                }
            }
            return promise
        }
        var results: [Result<Value, any Error>] = []
        for promise in promises { results.append(await promise.get()) }
        return results
    }
}
