// What a user of the package writes in TypeScript; compiled and run against the packed package.
import { connect, expectSession, startProxy, type Session } from "vsps";

const proxy = await startProxy({ seed: 3 });
const session: Session = await proxy.arm({ profile: "3g", seed: 7 });
const qoe = await (await connect(proxy.adminUrl)).session(session.id).then((same) => same.qoe());
const profile: string = qoe.session.profile;
const bitrate: number | null = qoe.qoe.mean_bitrate_bps;
// @ts-expect-error a member that no session has
await session.change({ speed: "1 Mbit/s" }).catch(() => {});
await expectSession(session, { timeout: 0 }).toHaveNoRebuffering().then(
  () => Promise.reject(new Error("nothing was played")),
  (error: Error) => console.log(profile, bitrate, error.message.split("\n")[0]),
);
await proxy.stop();
