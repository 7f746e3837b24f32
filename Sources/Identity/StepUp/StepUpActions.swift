package import Access
import HTTPServer
import JSON

/// What asks for a step-up: a proof for anything else is good for nothing, and would have spent a code.
package final class StepUpActions {
    private struct Shape {
        let method: String
        let path: [Substring]
    }

    /// By operation; nil until the operations are known.
    private var shapes: [String: Shape]?

    package init() {}

    package func bind(_ operations: [Operation]) {
        var shapes: [String: Shape] = [:]
        for operation in operations where operation.stepUp != nil {
            shapes[operation.id] = Shape(
                method: operation.method.name, path: Self.parts(of: operation.path))
        }
        self.shapes = shapes
    }

    func check(_ action: StepUpAction, _ fields: inout Fields) {
        guard let shapes, !action.operation.isEmpty else { return }
        guard let shape = shapes[action.operation] else {
            fields.fail("operation", code: FieldCode.notAChoice, "must be an operation that asks for it")
            return
        }
        if !action.method.isEmpty, action.method != shape.method {
            fields.fail("method", code: FieldCode.notAChoice, "must be \(shape.method) for this operation")
        }
        let parts = Self.parts(of: action.path)
        let fits =
            parts.count == shape.path.count
            && zip(parts, shape.path).allSatisfy { $0 == $1 || $1.hasPrefix("{") && !$0.isEmpty }
        if !action.path.isEmpty, !fits {
            fields.fail(
                "path", code: FieldCode.malformed,
                "must be a path of this operation, as /\(shape.path.joined(separator: "/"))")
        }
    }

    private static func parts(of path: String) -> [Substring] {
        path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map { $0 }
    }
}
