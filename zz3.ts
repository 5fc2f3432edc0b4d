import { sequential, embedding, gru, dense, input } from "./src/platform/training-node.ts";
const x={data:Int32Array.from({length:48},(_,i)=>{const r=Math.floor(i/6),t=i%6;return t<6-(r%5)?1+(i*7)%9:0}),shape:[8,6]};
const y={data:Float32Array.from({length:48},(_,i)=>i%3),shape:[8,6]};
for(const shards of [1,2]){ const m=sequential([embedding(10,4,{maskZero:true,inputLength:6}),gru(4,{returnSequences:true}),dense(3,{activation:"softmax"})],{build:"simd",seed:1} as any);
 m.compile({optimizer:{className:"SGD",config:{learningRate:.5}},loss:"sparse_categorical_crossentropy"});
 const h=await m.fit(x,y,{batchSize:8,epochs:3,shards,shuffle:false,verbose:0} as any); console.log(shards,h.history.loss); }
