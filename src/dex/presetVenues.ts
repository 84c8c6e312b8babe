import type { VenueConfig } from './openDex.ts'

// Written by `npm run presets` from what these packages say; a test compares the two. To change an address, take a newer
// release in scripts/presets/releases.ts.
//   @uniswap/sdk-core 7.19.4
//   @uniswap/smart-order-router 4.31.10
//   @uniswap/universal-router-sdk 5.13.0
//   @uniswap/permit2-sdk 1.4.0
//   sushi 7.3.15
//   @pancakeswap/smart-router 7.7.3
//   @pancakeswap/chains 0.9.0
//   @balancer/sdk 6.1.1

/** The venues of the main networks, by chain id. */
export const presetVenues: Readonly<Record<number, readonly VenueConfig[]>> = {
  // Ethereum.
  1: [
    { id: 'uniswap-v2', kind: 'uniswapV2', router: '0x7a250d5630b4cf539739df2c5dacb4c659f2488d' },
    {
      id: 'uniswap-v3',
      kind: 'uniswapV3',
      router: '0x68b3465833fb72a70ecdf485e0e4c7bd8665fc45',
      quoter: '0x61ffe014ba17989e743c5f6cb21bf9697530b21e',
    },
    {
      id: 'uniswap-v4',
      kind: 'uniswapV4',
      router: '0x66a9893cc07d91d95644aedd05d03f95e1dba8af',
      quoter: '0x52f0e24d1c21c8a0cb1e5a5dd6198556bd9e1203',
      stateView: '0x7ffe42c4a5deea5b0fec41c94c136cf115597227',
      permit2: '0x000000000022d473030f116ddee9f6b43ac78ba3',
    },
    { id: 'sushi-v2', kind: 'uniswapV2', router: '0xd9e1ce17f2641f24ae83637ab66a2cca9c378b9f' },
    { id: 'pancake-v2', kind: 'uniswapV2', router: '0xeff92a263d31888d860bd50809a8d171709b7b1c', feePpm: 2500 },
    {
      id: 'pancake-v3',
      kind: 'uniswapV3',
      router: '0x13f4ea83d0bd40e75c8222255bc855a974568dd4',
      quoter: '0xb048bbc1ee6b733fffcfb9e9cef7375518e25997',
      feeTiers: [100, 500, 2500, 10_000],
    },
    { id: 'balancer-v2', kind: 'balancerV2', vault: '0xba12222222228d8ba445958a75a0704d566bf2c8', pools: [] },
  ],
  // Optimism.
  10: [
    { id: 'uniswap-v2', kind: 'uniswapV2', router: '0x4a7b5da61326a6379179b40d00f57e5bbdc962c2' },
    {
      id: 'uniswap-v3',
      kind: 'uniswapV3',
      router: '0x68b3465833fb72a70ecdf485e0e4c7bd8665fc45',
      quoter: '0x61ffe014ba17989e743c5f6cb21bf9697530b21e',
    },
    {
      id: 'uniswap-v4',
      kind: 'uniswapV4',
      router: '0x851116d9223fabed8e56c0e6b8ad0c31d98b3507',
      quoter: '0x1f3131a13296fb91c90870043742c3cdbff1a8d7',
      stateView: '0xc18a3169788f4f75a170290584eca6395c75ecdb',
      permit2: '0x000000000022d473030f116ddee9f6b43ac78ba3',
    },
    { id: 'sushi-v2', kind: 'uniswapV2', router: '0x2abf469074dc0b54d793850807e6eb5faf2625b1' },
    { id: 'balancer-v2', kind: 'balancerV2', vault: '0xba12222222228d8ba445958a75a0704d566bf2c8', pools: [] },
  ],
  // BNB Chain.
  56: [
    { id: 'uniswap-v2', kind: 'uniswapV2', router: '0x4752ba5dbc23f44d87826276bf6fd6b1c372ad24' },
    {
      id: 'uniswap-v3',
      kind: 'uniswapV3',
      router: '0xb971ef87ede563556b2ed4b1c0b0019111dd85d2',
      quoter: '0x78d78e420da98ad378d7799be8f4af69033eb077',
    },
    {
      id: 'uniswap-v4',
      kind: 'uniswapV4',
      router: '0x1906c1d672b88cd1b9ac7593301ca990f94eae07',
      quoter: '0x9f75dd27d6664c475b90e105573e550ff69437b0',
      stateView: '0xd13dd3d6e93f276fafc9db9e6bb47c1180aee0c4',
      permit2: '0x000000000022d473030f116ddee9f6b43ac78ba3',
    },
    { id: 'sushi-v2', kind: 'uniswapV2', router: '0x1b02da8cb0d097eb8d57a175b88c7d8b47997506' },
    { id: 'pancake-v2', kind: 'uniswapV2', router: '0x10ed43c718714eb63d5aa57b78b54704e256024e', feePpm: 2500 },
    {
      id: 'pancake-v3',
      kind: 'uniswapV3',
      router: '0x13f4ea83d0bd40e75c8222255bc855a974568dd4',
      quoter: '0xb048bbc1ee6b733fffcfb9e9cef7375518e25997',
      feeTiers: [100, 500, 2500, 10_000],
    },
  ],
  // Polygon.
  137: [
    { id: 'uniswap-v2', kind: 'uniswapV2', router: '0xedf6066a2b290c185783862c7f4776a2c8077ad1' },
    {
      id: 'uniswap-v3',
      kind: 'uniswapV3',
      router: '0x68b3465833fb72a70ecdf485e0e4c7bd8665fc45',
      quoter: '0x61ffe014ba17989e743c5f6cb21bf9697530b21e',
    },
    {
      id: 'uniswap-v4',
      kind: 'uniswapV4',
      router: '0x1095692a6237d83c6a72f3f5efedb9a670c49223',
      quoter: '0xb3d5c3dfc3a7aebff71895a7191796bffc2c81b9',
      stateView: '0x5ea1bd7974c8a611cbab0bdcafcb1d9cc9b3ba5a',
      permit2: '0x000000000022d473030f116ddee9f6b43ac78ba3',
    },
    { id: 'sushi-v2', kind: 'uniswapV2', router: '0x1b02da8cb0d097eb8d57a175b88c7d8b47997506' },
    { id: 'balancer-v2', kind: 'balancerV2', vault: '0xba12222222228d8ba445958a75a0704d566bf2c8', pools: [] },
  ],
  // Base.
  8453: [
    { id: 'uniswap-v2', kind: 'uniswapV2', router: '0x4752ba5dbc23f44d87826276bf6fd6b1c372ad24' },
    {
      id: 'uniswap-v3',
      kind: 'uniswapV3',
      router: '0x2626664c2603336e57b271c5c0b26f421741e481',
      quoter: '0x3d4e44eb1374240ce5f1b871ab261cd16335b76a',
    },
    {
      id: 'uniswap-v4',
      kind: 'uniswapV4',
      router: '0x6ff5693b99212da76ad316178a184ab56d299b43',
      quoter: '0x0d5e0f971ed27fbff6c2837bf31316121532048d',
      stateView: '0xa3c0c9b65bad0b08107aa264b0f3db444b867a71',
      permit2: '0x000000000022d473030f116ddee9f6b43ac78ba3',
    },
    { id: 'sushi-v2', kind: 'uniswapV2', router: '0x6bded42c6da8fbf0d2ba55b2fa120c5e0c8d7891' },
    { id: 'pancake-v2', kind: 'uniswapV2', router: '0x8cfe327cec66d1c090dd72bd0ff11d690c33a2eb', feePpm: 2500 },
    {
      id: 'pancake-v3',
      kind: 'uniswapV3',
      router: '0x678aa4bf4e210cf2166753e054d5b7c31cc7fa86',
      quoter: '0xb048bbc1ee6b733fffcfb9e9cef7375518e25997',
      feeTiers: [100, 500, 2500, 10_000],
    },
    { id: 'balancer-v2', kind: 'balancerV2', vault: '0xba12222222228d8ba445958a75a0704d566bf2c8', pools: [] },
  ],
  // Arbitrum One.
  42161: [
    { id: 'uniswap-v2', kind: 'uniswapV2', router: '0x4752ba5dbc23f44d87826276bf6fd6b1c372ad24' },
    {
      id: 'uniswap-v3',
      kind: 'uniswapV3',
      router: '0x68b3465833fb72a70ecdf485e0e4c7bd8665fc45',
      quoter: '0x61ffe014ba17989e743c5f6cb21bf9697530b21e',
    },
    {
      id: 'uniswap-v4',
      kind: 'uniswapV4',
      router: '0xa51afafe0263b40edaef0df8781ea9aa03e381a3',
      quoter: '0x3972c00f7ed4885e145823eb7c655375d275a1c5',
      stateView: '0x76fd297e2d437cd7f76d50f01afe6160f86e9990',
      permit2: '0x000000000022d473030f116ddee9f6b43ac78ba3',
    },
    { id: 'sushi-v2', kind: 'uniswapV2', router: '0x1b02da8cb0d097eb8d57a175b88c7d8b47997506' },
    { id: 'pancake-v2', kind: 'uniswapV2', router: '0x8cfe327cec66d1c090dd72bd0ff11d690c33a2eb', feePpm: 2500 },
    {
      id: 'pancake-v3',
      kind: 'uniswapV3',
      router: '0x32226588378236fd0c7c4053999f88ac0e5cac77',
      quoter: '0xb048bbc1ee6b733fffcfb9e9cef7375518e25997',
      feeTiers: [100, 500, 2500, 10_000],
    },
    { id: 'balancer-v2', kind: 'balancerV2', vault: '0xba12222222228d8ba445958a75a0704d566bf2c8', pools: [] },
  ],
  // Avalanche.
  43114: [
    { id: 'uniswap-v2', kind: 'uniswapV2', router: '0x4752ba5dbc23f44d87826276bf6fd6b1c372ad24' },
    {
      id: 'uniswap-v3',
      kind: 'uniswapV3',
      router: '0xbb00ff08d01d300023c629e8ffffcb65a5a578ce',
      quoter: '0xbe0f5544ec67e9b3b2d979aaa43f18fd87e6257f',
    },
    {
      id: 'uniswap-v4',
      kind: 'uniswapV4',
      router: '0x94b75331ae8d42c1b61065089b7d48fe14aa73b7',
      quoter: '0xbe40675bb704506a3c2ccfb762dcfd1e979845c2',
      stateView: '0xc3c9e198c735a4b97e3e683f391ccbdd60b69286',
      permit2: '0x000000000022d473030f116ddee9f6b43ac78ba3',
    },
    { id: 'sushi-v2', kind: 'uniswapV2', router: '0x1b02da8cb0d097eb8d57a175b88c7d8b47997506' },
    { id: 'balancer-v2', kind: 'balancerV2', vault: '0xba12222222228d8ba445958a75a0704d566bf2c8', pools: [] },
  ],
}
