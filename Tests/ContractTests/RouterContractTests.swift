import Access
import HTTPServer
import Identity
import JSON
import Kernel
import Testing

@testable import Service

/// openapi.yaml and the operations that the service registers are the same, both ways.
struct RouterContractTests {
    @Test func `the service registers what the contract has, and nothing else`() async throws {
        let contract = try Contract.shared().endpointFacts
        let differences = try await Premises.open { _, premises in
            EndpointComparison.differences(
                contract: contract, router: premises.operations.map(EndpointFacts.init))
        }
        #expect(differences == [])
        #expect(contract.count > 80)
    }

    @Test func `permissions and roles are those of the contract, sentence by sentence`() throws {
        let contract = try Contract.shared()
        #expect(contract.names(of: "x-permissions") == Permission.allCases.map(\.rawValue))
        #expect(Set(contract.names(of: "x-roles")) == Set(BuiltInRole.allCases.map(\.rawValue)))
        for permission in Permission.allCases {
            let said = contract.component("x-permissions")?[permission.rawValue]
            #expect(said?["sentence"]?.asString == permission.sentence, "\(permission.rawValue)")
            let roles = said?["roles"]?.asArray?.compactMap(\.asString) ?? []
            let having = BuiltInRole.allCases.filter { $0.permissions.contains(permission) }
            #expect(Set(roles) == Set(having.map(\.rawValue)), "\(permission.rawValue)")
        }
        for role in BuiltInRole.allCases {
            #expect(contract.component("x-roles")?[role.rawValue]?.asString == role.sentence, "\(role)")
        }
    }
}

extension EndpointFacts {
    /// What an endpoint says of itself, with what every endpoint of its kind may refuse with.
    init(_ operation: Operation) {
        self.init(
            method: operation.method.name, path: operation.path.replacing("*}", with: "}"), id: operation.id,
            permission: operation.requires.text, isScoped: operation.requires.isScoped,
            errorCodes: Set(operation.allErrors.map(\.code)),
            stepUp: operation.stepUp.map(Self.text), tokensOnly: operation.tokensOnly)
    }

    private static func text(_ demand: StepUp) -> String {
        let exemption = demand.exemption == .inGrace ? "" : ", exempt \(demand.exemption)"
        return "\(demand.level.rawValue) within \(demand.within.microseconds / 1_000_000) s\(exemption)"
            + (demand.isConditional ? ", on a condition" : "")
    }
}

extension Endpoint<Requirement, Context> {
    fileprivate var allErrors: [ProblemCode] {
        errors + [.invalidParameter, .rateLimited, .internalError] + ofAuthority + ofDatabase + ofBody
            + ofMethod + ofApproval + (stepUp == nil ? [] : [.stepUpRequired, .humanRequired])
    }

    /// Before the handler knows of it.
    private var ofApproval: [ProblemCode] {
        canWait ? [.approvalRequired] : []
    }

    private var ofAuthority: [ProblemCode] {
        switch requires {
        case .none: []
        case .self: [.unauthenticated]
        case .permission, .scoped, .permissionUnlessLocal: [.unauthenticated, .forbidden]
        }
    }

    /// What is open and only read is in memory.
    private var ofDatabase: [ProblemCode] {
        requires == .none && method == .get ? [] : [.databaseUnavailable, .overloaded, .timeout]
    }

    /// A body that is streamed sets limits of its own: `bodyLimit` is 0, and a repeat is by row.
    private var ofBody: [ProblemCode] {
        if isPassedOn { return [.malformedBody, .payloadTooLarge, .unsupportedMediaType] }
        let isStreamed = method == .post && bodyLimit == 0 && repeats == .nothing
        guard isStreamed || bodyLimit > 0, [.post, .put, .patch].contains(method) else { return [] }
        let every: [ProblemCode] = [.malformedJSON, .malformedBody, .payloadTooLarge, .unsupportedMediaType]
        return every + (isStreamed ? [] : [.validationFailed])
    }

    /// What is to be understood by somebody else: nobody here reads the body, or knows of a revision.
    private var isPassedOn: Bool { path.hasSuffix("*}") }

    private var ofMethod: [ProblemCode] {
        switch method {
        case .post where repeats != .nothing: [.idempotencyInFlight, .idempotencyKeyReused]
        case .patch where !isPassedOn: [.preconditionFailed, .preconditionRequired]
        default: []
        }
    }
}
