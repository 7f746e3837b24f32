import Kernel

/// https://www.kucoin.com/docs-new: the same path means different things on its two hosts.
enum KuCoinTable {
    static let classifier = RequestClassifier(
        .kucoin, reads + cancels + streams + spotOrders + futuresOrders + unifiedOrders + money + settings,
        formats: ["spot": [.json], "futures": [.json]])

    /// Of accounts that have spot and futures in one.
    static let unified = "/api/ua/v1/"

    private static let reads: [Route] =
        Route.reads(
            ["spot"], "/api/v1/",
            """
            user/api-key accounts accounts/{account_id} accounts/ledgers accounts/transferable
            hf/accounts/ledgers hf/accounts/opened transaction-history margin/account isolated/accounts
            isolated/account/{symbol*} deposit-addresses deposits hist-deposits withdrawals
            withdrawals/{withdrawal_id} hist-withdrawals withdrawals/quotas base-fee trade-fees
            hf/orders/active hf/orders/active/page hf/orders/active/symbols hf/orders/done
            hf/orders/{order_id} hf/orders/client-order/{client_oid*} hf/orders/dead-cancel-all/query
            hf/fills orders orders/{order_id} order/client-order/{client_oid*} limit/orders fills
            limit/fills stop-order stop-order/{order_id} stop-order/queryOrderByClientOid
            isolated/symbols
            """)
        + Route.reads(["spot"], "/api/v2/", "user-info deposit-addresses")
        + Route.reads(
            ["spot"], "/api/v3/",
            """
            margin/accounts isolated/accounts deposit-addresses hf/margin/account/ledgers
            hf/margin/orders/active hf/margin/order/active/symbols hf/margin/orders/done
            hf/margin/orders/{order_id} hf/margin/orders/client-order/{client_oid*} hf/margin/fills
            hf/margin/stop-orders hf/margin/stop-order/orderId hf/margin/stop-order/clientOid
            hf/margin/oco-orders hf/margin/oco-order/orderId hf/margin/oco-order/clientOid
            hf/margin/oco-order/detail/orderId oco/order/{order_id} oco/order/details/{order_id}
            oco/client-order/{client_oid*} oco/orders margin/symbols
            """)
        + Route.reads(
            ["spot"], unified,
            """
            account/mode account/balance account/ledger account/transfer-quota account/interest-history
            asset/deposit/address account/deposit/address user/fee-rate dcp/query position/history
            position/funding-history unified/account/leverage
            {mode=unified|classic}/account/balance {mode=unified|classic}/account/overview
            {mode=unified|classic}/order/detail {mode=unified|classic}/order/open-list
            {mode=unified|classic}/order/history {mode=unified|classic}/order/execution
            {mode=unified|classic}/position/open-list {mode=unified|classic}/position/history
            """)
        + Route.reads(
            ["futures"], "/api/v1/",
            """
            account-overview transaction-history transfer-list orders stopOrders recentDoneOrders
            orders/{order_id} orders/byClientOid fills recentFills trade-fees openOrderStatistics position
            positions history-positions margin/maxWithdrawMargin contracts/risk-limit/{symbol*}
            funding-history deposit-address deposit-list withdrawal-list trade-statistics
            """)
        + Route.reads(
            ["futures"], "/api/v2/",
            "getMaxOpenSize getCrossUserLeverage position/getMarginMode position/getPositionMode")

    private static let cancels: [Route] =
        Route.list(
            ["spot"], .cancel,
            """
            DELETE /api/v1/hf/orders/{order_id}
            DELETE /api/v1/hf/orders/sync/{order_id}
            DELETE /api/v1/hf/orders/client-order/{client_oid*}
            DELETE /api/v1/hf/orders/sync/client-order/{client_oid*}
            DELETE /api/v1/hf/orders/cancel/{order_id}
            DELETE /api/v1/hf/orders
            DELETE /api/v1/hf/orders/cancelAll
            POST /api/v1/hf/orders/dead-cancel-all
            DELETE /api/v1/orders/{order_id}
            DELETE /api/v1/order/client-order/{client_oid*}
            DELETE /api/v1/orders
            DELETE /api/v1/stop-order/{order_id}
            DELETE /api/v1/stop-order/cancelOrderByClientOid
            DELETE /api/v1/stop-order/cancel
            DELETE /api/v3/oco/order/{order_id}
            DELETE /api/v3/oco/client-order/{client_oid*}
            DELETE /api/v3/oco/orders
            DELETE /api/v3/hf/margin/orders/{order_id}
            DELETE /api/v3/hf/margin/orders/client-order/{client_oid*}
            DELETE /api/v3/hf/margin/orders
            DELETE /api/v3/hf/margin/stop-order/cancel-by-id
            DELETE /api/v3/hf/margin/stop-order/cancel-by-clientOid
            DELETE /api/v3/hf/margin/stop-order/cancel
            DELETE /api/v3/hf/margin/oco-order/cancel-by-id
            DELETE /api/v3/hf/margin/oco-order/cancel-by-clientOid
            DELETE /api/v3/hf/margin/oco-order/cancel
            """)
        + Route.list(
            ["spot"], .cancel,
            """
            POST \(unified){mode=unified|classic}/order/cancel
            POST \(unified){mode=unified|classic}/order/cancel-batch
            POST \(unified){mode=unified|classic}/order/cancel-all
            POST \(unified)dcp/set
            """)
        + Route.list(
            ["futures"], .cancel,
            """
            DELETE /api/v1/orders/{order_id}
            DELETE /api/v1/orders/client-order/{client_oid*}
            DELETE /api/v1/orders/multi-cancel
            DELETE /api/v1/orders
            DELETE /api/v3/orders
            DELETE /api/v1/stopOrders
            """)

    /// Opens streams that tell and take nothing.
    private static let streams = Route.list(["spot", "futures"], .stream, "POST /api/v1/bullet-private")

    private static let money: [Route] =
        [
            withdrawal("/api/v1/withdrawals", address: "address"),
            withdrawal("/api/v3/withdrawals", address: "toAddress"),
        ]
        + Route.list(["futures"], .withdraw, "POST /api/v1/withdrawals currency address amount")
        + Route.list(
            ["spot"], .transfer,
            """
            POST /api/v3/accounts/universal-transfer
            POST /api/v2/accounts/inner-transfer
            POST /api/v2/accounts/sub-transfer
            POST \(unified)account/transfer
            """)
        + Route.list(
            ["futures"], .transfer,
            """
            POST /api/v1/transfer-out
            POST /api/v2/transfer-out
            POST /api/v3/transfer-out
            POST /api/v1/transfer-in
            """)

    private static func withdrawal(_ path: String, address: String) -> Route {
        .withdraw(
            ["spot"], .post, path,
            .body("currency! \(address)! amount! withdrawType memo isInner remark chain feeDeductType")
        ) { p throws(MeaningProblem) in
            // Inside of the exchange the address is somebody's number, mail or telephone.
            try p.refuse("withdrawType", unless: ["ADDRESS"], "must be ADDRESS")
            try p.refuse("isInner", unless: ["false"], "must be false: it would stay on the exchange")
            return WithdrawalIntent(
                asset: try p.needed("currency"), network: try p.word("chain"), address: try p.needed(address),
                tag: try p.word("memo"), amount: try p.decimal("amount"))
        }
    }
}
