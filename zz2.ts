import { readFileSync } from "node:fs";
import { loadModel } from "./src/platform/node.ts";
import { decodeTensor } from "./test/support/goldens.ts";
const d="/tmp/rules/gt23/fit-cw-bin/";const c=JSON.parse(readFileSync(d+"case.json","utf8"));
const m:any=await loadModel(d+"model.h5",{build:"simd"} as any);
const h=await m.fit(decodeTensor(c.data.x[0]),decodeTensor(c.data.y[0]),{batchSize:4,epochs:3,classWeight:c.fit.class_weight,validationSplit:.2,shuffle:false,verbose:0});console.log(h.history);
const x=decodeTensor(c.data.x[0]) as any,y=decodeTensor(c.data.y[0]) as any;
const xv={data:x.data.slice(17*18),shape:[5,6,3]},yv={data:y.data.slice(17),shape:[5,1]};
console.log(await m.evaluate(xv,yv,{batchSize:4}), await m.evaluate(xv,yv,{batchSize:4,classWeight:{0:1,1:3}}), m.predict(xv).data,yv.data);
