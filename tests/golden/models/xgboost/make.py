# makes tests/golden/models/xgboost
import json,os,sys,numpy as np,xgboost as xgb,shutil
root='/work/main/tests/golden/models/xgboost'
rng=np.random.default_rng(7)
n=400
X=rng.normal(size=(n,5)).astype('f4'); X[:,3]=np.round(X[:,3]*2)/2
Xm=X.copy(); Xm[rng.random(X.shape)<.15]=np.nan
K=rng.integers(0,40,(n,2)).astype('f4'); K[rng.random(K.shape)<.1]=np.nan
z=np.nan_to_num(Xm)
def write(case,params,rounds,X,y,fmt,note,types=None,names=None,attr=False,odd=None,strategy=None):
    d=os.path.join(root,case); shutil.rmtree(d,ignore_errors=True); os.makedirs(d)
    dm=xgb.DMatrix(X,y,feature_names=names,feature_types=types,enable_categorical=True)
    p=dict(seed=1,nthread=1,**params)
    if attr: 
        h=n//2; b=xgb.train(p,dm.slice(range(h)),rounds,evals=[(dm.slice(range(h,n)),'v')],early_stopping_rounds=3,verbose_eval=False)
    else: b=xgb.train(p,dm,rounds)
    b.save_model(os.path.join(d,'model.'+fmt))
    T=X[:60].copy()
    if odd is not None: T=np.concatenate([T,odd.astype('f4')])
    dt=xgb.DMatrix(T,feature_names=names,feature_types=types,enable_categorical=True,missing=np.nan)
    P=b.predict(dt).astype('f4').reshape(len(T),-1)
    assert (P==b.inplace_predict(T,validate_features=False).reshape(P.shape)).all(), case
    with open(os.path.join(d,'input.csv'),'w') as f:
        for r in T: f.write(','.join('%.9g'%v for v in r)+'\n')
    with open(os.path.join(d,'expected.csv'),'w') as f:
        for r in P: f.write(','.join('%.9g'%v for v in r)+'\n')
    with open(os.path.join(d,'source.txt'),'w') as f:
        f.write(f"xgboost {xgb.__version__}, Booster.predict on CPU (inplace_predict gives the same bits).\n{note}\n"
                f"xgboost.train({json.dumps(p)}, {rounds} rounds"+(", early stopping" if attr else "")+f"); input.csv are the rows, one float32 each,\n"
                f"`nan` is missing; expected.csv the predictions with 9 digits, which is exact. Made by tests/golden/models/xgboost/make.py.\n")
    print(case,len(b.get_dump()),os.path.getsize(os.path.join(d,'model.'+fmt)),P.min(),P.max(), b.attributes())
inf=np.inf; nan=np.nan
extreme=np.array([[0.0]*5,[-0.0]*5,[nan]*5,[1e30]*5,[-1e30]*5,[1e-40]*5])
names=list('abcde')
write('binary_missing',dict(objective='binary:logistic',max_depth=5,eta=.3),12,Xm,(z[:,0]*z[:,1]+z[:,2]>.3).astype(int),'ubj','Binary classifier, missing values on both sides of splits.',names=names,odd=extreme)
C=np.concatenate([Xm[:,:3],K],1); kc=np.nan_to_num(K,nan=3).astype(int)
w=rng.normal(size=(2,40)); yc=(z[:,0]+w[0][kc[:,0]]+w[1][kc[:,1]]>0).astype(int)
oddc=np.array([[0,0,0,39,0],[0,0,0,41,5],[0,0,0,1e7,nan],[1,1,1,nan,nan],[0,0,0,2**24,3],[.5,.5,.5,7,31],[0,0,0,32,33],[0,0,0,63,64],[0,0,0,-1,-5],[0,0,0,3.7,-0.5]])
write('categories',dict(objective='binary:logistic',max_depth=6,eta=.3,max_cat_to_onehot=4,max_cat_threshold=64),12,C,yc,'ubj','Binary classifier with two category features of 40 codes, missing and unseen codes.',types=['q','q','q','c','c'],odd=oddc)
write('categories_onehot',dict(objective='reg:squarederror',max_depth=4,eta=.3,max_cat_to_onehot=100),6,C,z[:,0]+w[0][kc[:,0]],'json','Regression with one-hot splits of category features, as JSON.',types=['float','float','float','c','c'],odd=oddc)
write('multiclass',dict(objective='multi:softprob',num_class=4,max_depth=3,num_parallel_tree=2,subsample=.7),4,X,((X[:,0]>0)*2+(X[:,1]>0.5)).astype(int),'ubj','Four classes, two parallel trees.',odd=extreme)
write('multiclass_max',dict(objective='multi:softmax',num_class=3,max_depth=3),4,X,((X[:,0]>0).astype(int)+(X[:,1]>0.5)).astype(int),'json','Three classes, the class itself, as JSON.',odd=extreme)
write('regression',dict(objective='reg:squarederror',max_depth=5,eta=.2,base_score=0.7),10,Xm,z[:,0]*3+z[:,1]**2,'json','Regression with a given base_score, as JSON.',odd=extreme)
write('pruned',dict(objective='reg:squarederror',max_depth=6,eta=.3,gamma=8.0,tree_method='exact'),6,Xm,z[:,0]*3+z[:,1]**2,'ubj','Regression whose trees were pruned (gamma): nodes that nothing leads to.',odd=extreme)
write('poisson',dict(objective='count:poisson',max_depth=4),8,Xm,rng.poisson(np.exp(z[:,0])),'ubj','Counts.',odd=extreme)
write('logitraw',dict(objective='binary:logitraw',max_depth=3,base_score=.3),5,X,(X[:,0]>0).astype(int),'ubj','Margins of a binary classifier, with a given base_score.')
write('early_stopped',dict(objective='binary:logistic',max_depth=5,eta=.8),60,X,(X[:,0]+rng.normal(size=n)>0).astype(int),'ubj','Has trees after best_iteration: Booster.predict uses all of them.',attr=True)
write('lossguide',dict(objective='binary:logistic',grow_policy='lossguide',max_leaves=40,max_depth=0,min_child_weight=0),5,X,(np.sin(X[:,0]*5)>0).astype(int),'ubj','Deep unbalanced trees.',odd=extreme)
write('two_targets',dict(objective='reg:squarederror',max_depth=3,multi_strategy='one_output_per_tree'),4,X,np.stack([X[:,0],X[:,1]*2],1),'ubj','Two targets, a tree for each.')
